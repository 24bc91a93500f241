// One opened model file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda_work.hpp"
#include "inference_exp/backend.h"
#include "providers.hpp"
#include "runtime.hpp"

namespace inference_exp::onnx {

/// One input or output.
struct Port {
  std::string name;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  iexp_dtype dtype{};
  std::vector<std::int64_t> shape;  ///< -1 where dynamic
};

/// The right to let worker threads spin. At most one session of the process has it: two pools that spin take each
/// other's cores. The holder's threads spin only during its own runs.
class SpinRight {
 public:
  SpinRight() = default;
  [[nodiscard]] static SpinRight try_take() noexcept;
  SpinRight(SpinRight&& other) noexcept;
  SpinRight& operator=(SpinRight&& other) noexcept;
  ~SpinRight();
  [[nodiscard]] bool held() const noexcept { return held_; }

 private:
  bool held_ = false;
};

}  // namespace inference_exp::onnx

/// The handle of backend.h.
struct iexp_session {
  /// The CUDA device of the first provider, or the CPU.
  [[nodiscard]] iexp_device device() const noexcept;

  std::vector<inference_exp::onnx::Port> inputs;
  std::vector<inference_exp::onnx::Port> outputs;
  std::vector<const char*> input_names;
  std::vector<const char*> output_names;
  std::vector<std::string> providers;  ///< in use, in order
  std::map<std::string, std::string> metadata;
  inference_exp::onnx::SpinRight spin_right;
  std::optional<inference_exp::onnx::CudaWork> cuda;  ///< where `device` is one of CUDA's
  Ort::Session session{nullptr};  // last: it ends before the right to spin and the stream that it uses
};

namespace inference_exp::onnx {

/// Throws Failure: IEXP_ERROR_CORRUPTED_PACKAGE for a file that is no usable model, IEXP_ERROR_ENVIRONMENT when
/// asked-for providers refuse, IEXP_ERROR_INVALID_PARAMETER for settings out of range.
[[nodiscard]] std::unique_ptr<iexp_session> open_session(const iexp_open_request& request);

}  // namespace inference_exp::onnx
