// A stand-in for NVIDIA's libnvinfer, libnvonnxparser and libnvinfer_plugin: shared objects with their names and entry
// points, whose classes implement NVIDIA's own interfaces. Plans and "ONNX" files are those of stand_in_plan.hpp with
// the operation "scale" on float32; any other operation is one that the parser does not know. How an engine was built
// stands in the plan's `build`:
//   "workspace_bytes", "flags" (numbers of BuilderFlag, such as "0 1"), "hardware_level", "calibration_batches",
//   "calibration_sum", "calibration_shape" (empty without a profile of its own), "timing_cache" (as it was read)
//
// Runs of the network need the stand-in driver. What nvinfer*.cpp calls besides what it needs ends the program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::test {

/// The switches. Thread-safe.
class StandInNvInfer {
 public:
  virtual ~StandInNvInfer() = default;

  /// The next `call` of this function of NVIDIA's returns null, false or no shape, after `message` was reported with
  /// `code` (nvinfer1::ErrorCode) to the error recorder; with code 0, to the logger alone. Builds report from a thread
  /// of their own.
  virtual void fail(std::string_view call, std::int32_t code, std::string_view message) = 0;
  /// What getInferLibVersion says, 10000 * major + 100 * minor + patch; the build is always 26.
  virtual void set_version(std::int32_t version) = 0;
  /// A plan of this compute capability is refused, as if it came from another GPU.
  virtual void refuse_plans_for(std::string_view compute_capability) = 0;

  /// The version with which the last object was asked for.
  [[nodiscard]] virtual std::int32_t requested_version() const = 0;
  /// Runtimes, engines, contexts, builders, configurations, networks and caches that were not destroyed.
  [[nodiscard]] virtual int live_objects() const = 0;
  /// Rules that were broken: what was destroyed before what it made, work with shapes or memory that are not set.
  [[nodiscard]] virtual std::vector<std::string> violations() const = 0;
  /// Forgets everything but what is alive.
  virtual void reset() = 0;
};

}  // namespace inference_exp::test
