#include "inference_exp/environment.hpp"

#include <sys/utsname.h>

#include <utility>

#include "core/cpu_info.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/version.hpp"
#include "runtime/backend_registry.hpp"
#include "runtime/machine_probe.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp {

namespace {

std::string operating_system() {
  utsname system{};
  if (uname(&system) != 0) return {};
  return std::string(system.sysname) + " " + system.release + " " + system.machine;
}

/// Whoever asks what there is gets an answer also where a load would be refused.
MachineDescription describe_machine() {
  try {
    return runtime::machine();
  } catch (const Error& error) {
    MachineDescription unknown;
    unknown.warnings.emplace_back(error.what());
    return unknown;
  }
}

}  // namespace

EnvironmentDescription describe_environment(const std::vector<std::filesystem::path>& backend_paths) {
  CpuInfo cpu = cpu_info();
  EnvironmentDescription description;
  description.library_version = kVersion;
  description.operating_system = operating_system();
  description.cpu = std::move(cpu.model);
  description.physical_cores = cpu.physical_cores;
  description.logical_cores = cpu.logical_cores;
  description.simd = vision::simd_target();
  description.machine = describe_machine();
  description.backends = runtime::describe_backends(backend_paths);
  return description;
}

}  // namespace inference_exp
