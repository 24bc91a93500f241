// A stand-in for TensorRT behind backends/tensorrt/tensorrt.hpp: its engines are small files (stand_in_plan.hpp) that
// run on the CPU, in the stand-in driver's device memory and on its lazy streams, and it can be told to fail anywhere.
//
// It lives in libinference_exp_backend_trt.so of the build tree's tests, a plug-in like the real one, so that tests
// walk the whole C boundary. STAND_IN_TRT_PLUGIN (a compile definition of the test) is that file; stand_in_tensorrt()
// gives its switches. The CUDA driver must be the stand-in too: use_stand_in_driver() comes first.
//
// What it checks by itself, and reports as violations(): one context used by two threads at once, work queued with
// shapes or addresses that are not set or not aligned, contexts destroyed before the work they queued was done, calls
// without a current CUDA context, objects that outlive their engine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::test {

/// The switches. Thread-safe.
class StandInTensorRt {
 public:
  virtual ~StandInTensorRt() = default;

  /// The `after + 1`-th `call` from now on throws backend::Failure with this code (IEXP_ERROR_...), once. Calls:
  /// "library", "deserialize", "create_context", "set_profile", "set_input_shape", "shape", "set_address", "enqueue",
  /// "onnx_inputs", "build".
  virtual void fail(std::string_view call, std::int32_t code, int after = 0) = 0;
  /// The `after + 1`-th run from now on is queued well and fails on the stream: the wait for it returns `result`.
  virtual void fail_in_stream(int result, int after = 0) = 0;
  /// Engines do what cannot be captured into a CUDA graph.
  virtual void refuse_capture(bool refuse) = 0;
  /// The version that the library says it has.
  virtual void set_version(std::string_view version) = 0;

  /// How often `call` was made since reset(). "enqueue" counts calls, "run" what ran on a stream, replays included.
  [[nodiscard]] virtual int calls(std::string_view call) const = 0;
  /// The optimisation profile of the run that was queued last.
  [[nodiscard]] virtual int last_profile() const = 0;
  [[nodiscard]] virtual int live_engines() const = 0;
  [[nodiscard]] virtual int live_contexts() const = 0;
  /// Rules that were broken, one line each.
  [[nodiscard]] virtual std::vector<std::string> violations() const = 0;

  /// How many steps each phase of a build has, and how long each takes. A build reports "Parsing", "Building engine",
  /// "Timing tactics" and "Serializing", in this order, from two threads at once. Default: 4 steps, 0 ms.
  virtual void set_build(int steps, int milliseconds_per_step) = 0;
  /// A build fails in the middle of this phase with IEXP_ERROR_MODEL_RUNTIME, or with DEVICE_MEMORY. Empty: it does
  /// not.
  virtual void fail_build_in(std::string_view phase, std::int32_t code) = 0;

  /// Forgets failures, counts, violations and settings; not what is alive.
  virtual void reset() = 0;
};

/// The switches of the plug-in in this file; opens it unless that has happened. Throws std::runtime_error when it is
/// none of ours.
[[nodiscard]] StandInTensorRt& stand_in_tensorrt(const std::filesystem::path& plugin_file);

}  // namespace inference_exp::test
