#include <dlfcn.h>

#include <stdexcept>

#include "backends/tensorrt/stand_in_tensorrt.hpp"

namespace inference_exp::test {

StandInTensorRt& stand_in_tensorrt(const std::filesystem::path& plugin_file) {
  void* library = dlopen(plugin_file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  using Access = StandInTensorRt* (*)();
  const auto access = reinterpret_cast<Access>(dlsym(library, "stand_in_tensorrt_switches"));
  if (access == nullptr) throw std::runtime_error(plugin_file.string() + " has no stand-in TensorRT inside");
  return *access();
}

}  // namespace inference_exp::test
