// What this machine can run, plug-in by plug-in, and why not.
//
// Contract: plain values describing the moment of the call. Plug-ins are opened once per process and never unloaded.
// Safe to call from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inference_exp/export.hpp"

namespace inference_exp {

/// One backend that this library knows of or found.
struct BackendDescription {
  std::string name;                              ///< "onnx", "trt", "torch"
  bool available = false;                        ///< can open models now
  std::string reason;                            ///< why not, when not available; what to install
  std::string plugin_path;                       ///< the shared object; empty when none was found
  std::string runtime_version;                   ///< such as "1.23.2"; empty when not available
  std::string runtime_path;                      ///< the runtime's library, where the plug-in opens one
  std::vector<std::string> execution_providers;  ///< by the runtime's own names
  std::vector<std::string> devices;              ///< such as "cpu", "cuda:0"
  std::string math_library;                      ///< what multiplies matrices on the CPU, where the backend says it
};

struct GpuDescription {
  std::string name;                ///< lower case, blanks as '-', such as "nvidia-l4"
  std::string compute_capability;  ///< such as "8.9"
};

/// What there is beside the CPU (loading.md, section 4.1). What could not be found out is unset.
struct MachineDescription {
  std::vector<GpuDescription> gpus;  ///< in CUDA's order
  std::optional<std::string> driver_version;
  std::optional<std::string> cuda_version;
  std::optional<std::string> trt_version;  ///< with its build number
  bool trt_runtime_available = false;      ///< TensorRT's library can be opened
  std::optional<std::string> jetson_type;  ///< such as "nvidia-jetson-orin-nx"
  std::optional<std::string> l4t_version;  ///< Jetsons only
  std::optional<std::string> os_version;   ///< such as "debian-gnu/linux-12"; not on Jetsons
  std::vector<std::string> warnings;       ///< what looked odd on the way
};

struct EnvironmentDescription {
  std::string library_version;
  std::string operating_system;
  std::string cpu;
  std::int32_t physical_cores = 0;  ///< that this process may use
  std::int32_t logical_cores = 0;
  std::string simd;  ///< the instruction set that the vision kernels chose
  MachineDescription machine;
  std::vector<BackendDescription> backends;
};

/// Looks for plug-ins in `backend_paths` and the default places, opens and probes each, and describes the machine.
/// Never throws for a plug-in that cannot load: that is a reason in the answer.
[[nodiscard]] INFERENCE_EXP_API EnvironmentDescription
describe_environment(const std::vector<std::filesystem::path>& backend_paths = {});

}  // namespace inference_exp
