// Which GPUs, drivers and libraries this machine has: what packages are matched against.
//
// Contract: looks at files and asks libraries; starts no process and changes nothing. What cannot be found out is unset
// in the answer; an error only where going on would choose wrong packages.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/hub_options.hpp"
#include "inference_exp/environment.hpp"
#include "runtime/probe_libraries.hpp"

namespace inference_exp::runtime {

/// Where the probe looks; tests hand in their own.
struct ProbeSources {
  /// The text of a file named by its absolute path; nothing when it cannot be read.
  std::function<std::optional<std::string>(const char* file)> read_file;
  std::function<std::optional<CudaDriver>()> cuda_driver;
  std::function<std::optional<std::int32_t>()> cuda_runtime;
  std::function<std::optional<TensorRtLibrary>()> tensorrt;
};

/// This machine.
[[nodiscard]] ProbeSources system_sources();

/// The rules of loading.md, section 4.1. Throws RuntimeIntrospectionError, and JetsonTypeResolutionError for a
/// JETSON_MODULE that is no known Jetson.
[[nodiscard]] MachineDescription probe_machine(const ProbeSources& sources, const ProbeEnvironment& environment);

/// This machine, probed at the first call that succeeds. Throws like probe_machine, and InvalidEnvVariable.
/// Thread-safe.
[[nodiscard]] const MachineDescription& machine();

}  // namespace inference_exp::runtime
