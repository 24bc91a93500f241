#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

namespace {

constexpr const char* kVariable = "INFERENCE_EXP_CUDA_DRIVER";

/// Null when `file` is no stand-in.
StandInDriver* open_switches(const char* file) {
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);  // never closed: the driver is not, either
  if (library == nullptr) return nullptr;
  using Switches = StandInDriver* (*)();
  const auto switches = reinterpret_cast<Switches>(dlsym(library, "stand_in_cuda_switches"));
  return switches != nullptr ? switches() : nullptr;
}

}  // namespace

StandInDriver& use_stand_in_driver() {
  static StandInDriver& driver = []() -> StandInDriver& {
    setenv(kVariable, STAND_IN_CUDA_DRIVER, 1);
    StandInDriver* const opened = open_switches(STAND_IN_CUDA_DRIVER);
    if (opened == nullptr) throw std::runtime_error("The stand-in driver cannot be opened: " STAND_IN_CUDA_DRIVER);
    return *opened;
  }();
  return driver;
}

StandInDriver* stand_in_driver_in_use() {
  const char* const file = std::getenv(kVariable);
  return file != nullptr ? open_switches(file) : nullptr;
}

}  // namespace inference_exp::test
