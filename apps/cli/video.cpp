#include "video.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "inference_exp/errors.hpp"

namespace inference_exp::cli {
namespace {

/// The module lies beside the program: in a build's lib folder, or where installing puts libraries.
std::string module_file() {
  namespace fs = std::filesystem;
  const std::string name = "inference_exp/libinference_exp_cli_video.so";
  std::error_code error;
  const fs::path root = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  const fs::path installed = root / INFERENCE_EXP_INSTALL_LIBDIR / name;
  return fs::exists(installed, error) ? installed.string() : (root / "lib" / name).string();
}

const VideoFunctions* load() {
  // Stays open to the end of the process.
  void* module = dlopen(module_file().c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = module != nullptr ? dlsym(module, "inference_exp_cli_video") : nullptr;
  if (symbol == nullptr) {
    const char* reason = dlerror();
    throw MissingDependencyError(
        "Videos can't be read or written: " + std::string(reason != nullptr ? reason : "unknown reason"),
        "Install OpenCV's video library (on Debian: libopencv-videoio406) and inference-exp's program completely.");
  }
  return reinterpret_cast<const VideoFunctions* (*)()>(symbol)();
}

}  // namespace

const VideoFunctions& video_functions() {
  static const VideoFunctions* const functions = load();
  return *functions;
}

}  // namespace inference_exp::cli
