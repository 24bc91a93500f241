// Which execution providers a session gets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference_exp/backend.h"
#include "runtime.hpp"

namespace inference_exp::onnx {

inline constexpr std::string_view kCpuProvider = "CPUExecutionProvider";
inline constexpr std::string_view kCudaProvider = "CUDAExecutionProvider";
inline constexpr std::string_view kTensorRtProvider = "TensorrtExecutionProvider";
inline constexpr std::string_view kWebGpuProvider = "WebGpuExecutionProvider";

struct Provider {
  std::string name;
  std::vector<std::pair<std::string, std::string>> options;
  std::optional<void*> stream{};  ///< of CUDA, to queue on. ONNX Runtime takes it as a pointer, not as text
};

struct ProviderPlan {
  std::vector<Provider> providers;  ///< in order of preference, at least one
  bool asked_for = false;           ///< named by the caller: no other may take their place
};

/// Reads the request's device and providers. Nothing named: the preference of ONNXRUNTIME_EXECUTION_PROVIDERS, else
/// CUDA, OpenVINO, CoreML, CPU, as far as usable here. Throws IEXP_ERROR_ENVIRONMENT for what is not usable and
/// IEXP_ERROR_INVALID_PARAMETER for what contradicts itself.
[[nodiscard]] ProviderPlan plan_providers(const iexp_open_request& request);

/// CUDA's own provider, or TensorRT's.
[[nodiscard]] bool runs_on_cuda(const Provider& provider);

/// Adds one provider to the options of a session to be. Throws Ort::Exception when it cannot be had.
void append_provider(Ort::SessionOptions& session_options, const Provider& provider);

}  // namespace inference_exp::onnx
