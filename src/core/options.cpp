#include "core/options.hpp"

#include <cstdlib>

#include "core/text.hpp"

namespace inference_exp {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::string_view(value) : std::string_view();
}

Options read_environment() {
  Options result;
  for (const std::string& path : split_list(variable("INFERENCE_EXP_BACKEND_PATH"), ':')) {
    result.backend_paths.emplace_back(path);
  }
  std::string_view providers = trim(variable("ONNXRUNTIME_EXECUTION_PROVIDERS"));
  if (providers.starts_with('[')) providers.remove_prefix(1);
  if (providers.ends_with(']')) providers.remove_suffix(1);
  result.onnx_execution_providers = split_list(providers, ',');
  result.onnxruntime_library = trim(variable("INFERENCE_EXP_ONNXRUNTIME"));
  result.cuda_driver = trim(variable("INFERENCE_EXP_CUDA_DRIVER"));
  result.cuda_graphs = lower_case(trim(variable("ENABLE_AUTO_CUDA_GRAPHS_FOR_TRT_BACKEND"))) == "true";
  result.tensorrt_library = trim(variable("INFERENCE_EXP_TENSORRT"));
  return result;
}

}  // namespace

std::string environment_variable(const char* name) { return std::string(variable(name)); }

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view part = trim(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

const Options& options() {
  static const Options instance = read_environment();
  return instance;
}

}  // namespace inference_exp
