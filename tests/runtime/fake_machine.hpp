// A machine made of texts and answers, for tests of the machine probe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "runtime/machine_probe.hpp"

namespace inference_exp::runtime {

/// One package of dpkg's list.
inline std::string dpkg_entry(const std::string& package, const std::string& version,
                              const std::string& state = "install ok installed") {
  return "Package: " + package + "\nStatus: " + state + "\nDescription: text\n Version: not this\nVersion: " + version +
         "\n\n";
}

/// By default with nothing on it.
struct FakeMachine {
  std::map<std::string, std::string> files;
  std::optional<CudaDriver> driver;
  std::optional<std::int32_t> cuda_runtime;
  std::optional<TensorRtLibrary> tensorrt;
  ProbeEnvironment environment;

  [[nodiscard]] MachineDescription probe() const {
    const ProbeSources sources{.read_file = [this](const char* file) -> std::optional<std::string> {
                                 const auto found = files.find(file);
                                 if (found == files.end()) return std::nullopt;
                                 return found->second;
                               },
                               .cuda_driver = [this] { return driver; },
                               .cuda_runtime = [this] { return cuda_runtime; },
                               .tensorrt = [this] { return tensorrt; }};
    return probe_machine(sources, environment);
  }
};

}  // namespace inference_exp::runtime
