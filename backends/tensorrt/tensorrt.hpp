// What this plug-in asks of TensorRT, and nothing more. One source, nvinfer.cpp, answers it with NVIDIA's library
// through NVIDIA's headers; tests answer it with a stand-in that runs on the CPU. Everything else in this folder knows
// only this header, so that it is built and tested where there is neither GPU nor TensorRT.
//
// Contract: every function that fails throws backend::Failure: IEXP_ERROR_DEVICE_MEMORY where TensorRT ran out of
// device memory, IEXP_ERROR_CORRUPTED_PACKAGE for files it cannot read, IEXP_ERROR_ENVIRONMENT for what does not fit
// this machine, IEXP_ERROR_CANCELLED for a build that was stopped, else IEXP_ERROR_MODEL_RUNTIME; messages carry what
// TensorRT reported. Library and Engine may be used from several threads at once, an ExecutionContext from one at a
// time. The device's primary context is current around every call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cuda/driver.hpp"

namespace inference_exp::tensorrt {

enum class ElementType : std::uint8_t { f32, f16, bf16, i8, i32, i64, u8, boolean, other };

using Dimensions = std::vector<std::int64_t>;  ///< -1 where dynamic

/// The shapes that one optimisation profile allows for one input.
struct ProfileShapes {
  Dimensions min, opt, max;
};

/// One input or output of an engine.
struct IoTensor {
  std::string name;
  bool is_input = false;
  ElementType type = ElementType::other;
  Dimensions shape;
  bool on_host = false;                 ///< a shape tensor: its values, not its address, steer the network
  bool linear = true;                   ///< row-major, not one of TensorRT's packed layouts
  std::vector<ProfileShapes> profiles;  ///< of an input: one for each optimisation profile
};

/// One runnable instance of an engine.
class ExecutionContext {
 public:
  virtual ~ExecutionContext() = default;
  /// Chooses an optimisation profile; queued work of this context must have passed or be on `stream`.
  virtual void set_profile(std::int32_t profile, cuda::StreamHandle stream) = 0;
  virtual void set_input_shape(const std::string& name, std::span<const std::int64_t> shape) = 0;
  /// Once all input shapes are set. -1 where it depends on the data.
  [[nodiscard]] virtual Dimensions shape(const std::string& name) const = 0;
  virtual void set_address(const std::string& name, void* device_memory) = 0;
  /// Queues one run; never waits.
  virtual void enqueue(cuda::StreamHandle stream) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::vector<IoTensor> io() const = 0;
  [[nodiscard]] virtual std::int32_t profile_count() const = 0;
  /// Bytes of device memory that each context takes for itself.
  [[nodiscard]] virtual std::size_t context_memory() const = 0;
  [[nodiscard]] virtual std::unique_ptr<ExecutionContext> create_context() = 0;
};

enum class Precision : std::uint8_t { fp32, fp16, int8 };

/// Images for the choice of int8 ranges.
struct Calibration {
  /// Writes the next batch as the network's input takes it (float32, host memory); false when there are no more.
  std::function<bool(std::span<std::byte> batch)> next_batch;
  std::int32_t batch_size = 1;
};

/// How an engine is to be built from an ONNX file.
struct BuildRequest {
  std::string onnx_file;
  Precision precision = Precision::fp32;
  /// For each dynamic input; dimensions the same in all three where they are fixed.
  struct Profile {
    std::string input;
    ProfileShapes shapes;
  };
  std::vector<Profile> profiles;
  Calibration calibration;               ///< for int8
  std::size_t workspace_bytes = 0;       ///< 0: TensorRT's default
  bool version_compatible = false;       ///< runs on later versions of TensorRT too, with a lean runtime inside
  bool same_compute_capability = false;  ///< runs on every GPU of this compute capability
  std::vector<std::byte> timing_cache;   ///< of an earlier build; empty for none
  /// Called often, from TensorRT's threads, also from several at once. False stops the build.
  std::function<bool(std::string_view phase, std::int32_t step, std::int32_t steps)> progress;
};

struct BuiltEngine {
  std::vector<std::byte> plan;
  std::vector<std::byte> timing_cache;  ///< to keep for the next build
};

/// An input of an ONNX file, as the parser sees it.
struct OnnxInput {
  std::string name;
  ElementType type = ElementType::other;
  Dimensions shape;
};

/// TensorRT, opened.
class Library {
 public:
  virtual ~Library() = default;
  [[nodiscard]] virtual std::string version() const = 0;  ///< such as "10.3.0.26"
  [[nodiscard]] virtual std::string path() const = 0;     ///< of the opened file
  /// `host_code_allowed`: a plan may bring code that runs on the host (a lean runtime); one that does is refused
  /// otherwise.
  [[nodiscard]] virtual std::unique_ptr<Engine> deserialize(std::span<const std::byte> plan,
                                                            bool host_code_allowed) = 0;

  /// The file's inputs. Needs the parser's library too; IEXP_ERROR_MISSING_DEPENDENCY where that is not installed.
  [[nodiscard]] virtual std::vector<OnnxInput> onnx_inputs(const std::string& onnx_file) = 0;
  [[nodiscard]] virtual BuiltEngine build(const BuildRequest& request) = 0;
};

/// TensorRT on this machine, opened at the first call that finds it. Throws IEXP_ERROR_MISSING_DEPENDENCY with every
/// file that was tried and why it would not do. Thread-safe. Defined by nvinfer.cpp, or by a stand-in.
[[nodiscard]] Library& library();

}  // namespace inference_exp::tensorrt
