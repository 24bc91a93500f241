// The one place that reads the process environment.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace inference_exp {

struct Options {
  /// INFERENCE_EXP_BACKEND_PATH: folders searched for plug-ins first, separated by ':'.
  std::vector<std::filesystem::path> backend_paths;
  /// ONNXRUNTIME_EXECUTION_PROVIDERS: the default preference of execution providers, comma separated, outer [ ]
  /// ignored.
  std::vector<std::string> onnx_execution_providers;
  /// INFERENCE_EXP_ONNXRUNTIME: the library file of ONNX Runtime to open, instead of looking for one.
  std::filesystem::path onnxruntime_library;
  /// INFERENCE_EXP_CUDA_DRIVER: the library file to open instead of libcuda.so.1.
  std::filesystem::path cuda_driver;
  /// INFERENCE_EXP_TENSORRT: the library file of TensorRT to open, instead of libnvinfer.so.10.
  std::filesystem::path tensorrt_library;
  /// ENABLE_AUTO_CUDA_GRAPHS_FOR_TRT_BACKEND: what SessionOptions::cuda_graphs is where it is unset.
  bool cuda_graphs = false;
};

/// Read once, at the first call; later changes of the environment are not seen.
[[nodiscard]] const Options& options();

/// The value of a variable, for those parts of the library that have options of their own; empty when it is not set.
[[nodiscard]] std::string environment_variable(const char* name);

/// Splits at `separator`, trims blanks, drops empty parts.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator);

}  // namespace inference_exp
