// NVIDIA's shared objects, opened at run time and never unloaded.
#pragma once

#include <cstdint>
#include <string>

namespace inference_exp::tensorrt {

/// The entry points of an opened libnvinfer.
struct NvInfer {
  using Create = void* (*)(void* logger, std::int32_t version);

  std::string path;                 ///< of the file
  std::string version;              ///< such as "10.3.0.26", or "10.3.0" of libraries that do not tell the build
  std::int32_t version_number = 0;  ///< 10000 * major + 100 * minor + patch
  std::int32_t spoken_version = 0;  ///< of the interface that both sides know, to be handed to Create
  Create create_runtime = nullptr;  ///< createInferRuntime_INTERNAL
  Create create_builder = nullptr;  ///< createInferBuilder_INTERNAL; null in a lean runtime, which builds nothing
};

/// Opens the library `named`, or libnvinfer.so.10 where that is empty, and makes NVIDIA's own layer plug-ins known to
/// it where libnvinfer_plugin.so.10 is installed. Throws IEXP_ERROR_MISSING_DEPENDENCY with the reason.
[[nodiscard]] NvInfer open_nvinfer(const std::string& named);

/// createNvOnnxParser_INTERNAL of libnvonnxparser.so.10, which is looked for beside `library` first. Throws
/// IEXP_ERROR_MISSING_DEPENDENCY.
using CreateParser = void* (*)(void* network, void* logger, int version);
[[nodiscard]] CreateParser open_onnx_parser(const NvInfer& library);

}  // namespace inference_exp::tensorrt
