#include "nvinfer_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "common/failure.hpp"
#include "nvinfer_headers.hpp"
#include "nvinfer_reports.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace fs = std::filesystem;

namespace {

/// Such as "libnvinfer.so.10".
std::string soname(const std::string& library) { return library + ".so." + std::to_string(NV_TENSORRT_MAJOR); }

struct Handle {
  void* library = nullptr;
  std::string reason;
};

/// Never closed: neither TensorRT nor what it registers with the process can be unloaded safely.
Handle open_shared(const std::string& file) {
  Handle handle{.library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), .reason = {}};
  if (handle.library != nullptr) return handle;
  const char* reason = dlerror();
  handle.reason = reason != nullptr ? reason : file + ": cannot be opened";
  return handle;
}

/// A library that belongs to the one at `path`: beside it, or else where the system has it.
Handle open_companion(const std::string& path, const std::string& name) {
  std::error_code error;
  const fs::path beside = fs::path(path).parent_path() / name;
  if (!path.empty() && fs::exists(beside, error)) return open_shared(beside.string());
  return open_shared(name);
}

template <typename Function>
Function resolve(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

std::string path_of(const void* function) {
  Dl_info info{};
  return dladdr(function, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

/// TensorRT counted in other steps before version 10.
std::string version_text(std::int32_t number) {
  const std::int32_t major_step = number >= 10000 ? 10000 : 1000;
  return std::to_string(number / major_step) + "." + std::to_string(number % major_step / 100) + "." +
         std::to_string(number % 100);
}

[[noreturn]] void throw_missing(const std::string& reason) {
  const std::string major = std::to_string(NV_TENSORRT_MAJOR);
  throw Failure(IEXP_ERROR_MISSING_DEPENDENCY, "TensorRT cannot be used (" + reason + ").",
                "Install TensorRT " + major + " (package libnvinfer" + major +
                    "), or name its library file in INFERENCE_EXP_TENSORRT.");
}

void check_version(const std::string& file, std::int32_t version) {
  constexpr std::int32_t kFirst = NV_TENSORRT_MAJOR * 10000;
  constexpr std::int32_t kNext = (NV_TENSORRT_MAJOR + 1) * 10000;
  if (version >= kFirst && version < kNext) return;
  throw_missing(file + ": is version " + version_text(version) + "; this plug-in was built for TensorRT " +
                std::to_string(NV_TENSORRT_MAJOR));
}

/// Engines may use layers of this library; without it those that do are refused by TensorRT itself.
void register_layer_plugins(const std::string& path) {
  using Register = bool (*)(void* logger, const char* plugin_namespace);
  const Handle handle = open_companion(path, soname("libnvinfer_plugin"));
  if (handle.library == nullptr) return;
  const auto register_all = resolve<Register>(handle.library, "initLibNvInferPlugins");
  if (register_all != nullptr) register_all(&logger(), "");
}

}  // namespace

NvInfer open_nvinfer(const std::string& named) {
  const std::string file = named.empty() ? soname("libnvinfer") : named;
  const Handle handle = open_shared(file);
  if (handle.library == nullptr) throw_missing(handle.reason);
  using GetNumber = std::int32_t (*)();
  const auto get_version = resolve<GetNumber>(handle.library, "getInferLibVersion");
  const auto get_build = resolve<GetNumber>(handle.library, "getInferLibBuildVersion");
  NvInfer library;
  library.create_runtime = resolve<NvInfer::Create>(handle.library, "createInferRuntime_INTERNAL");
  library.create_builder = resolve<NvInfer::Create>(handle.library, "createInferBuilder_INTERNAL");
  if (get_version == nullptr || library.create_runtime == nullptr) throw_missing(file + ": is not TensorRT");
  library.version_number = get_version();
  check_version(file, library.version_number);
  library.version = version_text(library.version_number);
  if (get_build != nullptr) library.version += "." + std::to_string(get_build());
  library.spoken_version = std::min<std::int32_t>(library.version_number, NV_TENSORRT_VERSION);
  library.path = path_of(reinterpret_cast<const void*>(get_version));
  register_layer_plugins(library.path);
  return library;
}

CreateParser open_onnx_parser(const NvInfer& library) {
  const std::string name = soname("libnvonnxparser");
  const Handle handle = open_companion(library.path, name);
  const auto create =
      handle.library != nullptr ? resolve<CreateParser>(handle.library, "createNvOnnxParser_INTERNAL") : nullptr;
  if (create != nullptr) return create;
  const std::string major = std::to_string(NV_TENSORRT_MAJOR);
  throw Failure(IEXP_ERROR_MISSING_DEPENDENCY,
                "TensorRT's ONNX parser, with which engines are compiled, cannot be used (" +
                    (handle.library != nullptr ? name + ": is not the parser" : handle.reason) + ").",
                "Install it (package libnvonnxparsers" + major + "), in the version of TensorRT, which is " +
                    library.version + ".");
}

}  // namespace inference_exp::tensorrt
