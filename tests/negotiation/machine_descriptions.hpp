// The machines of tests/negotiation/machines, read from what `inference-exp environment --json` prints.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "core/json.hpp"
#include "inference_exp/environment.hpp"

namespace inference_exp::testing {

inline std::optional<std::string> optional_text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return found->get<std::string>();
}

inline MachineDescription machine_of(const Json& json) {
  MachineDescription machine;
  for (const Json& gpu : json.at("gpus")) machine.gpus.push_back({gpu.at("name"), gpu.at("compute_capability")});
  machine.driver_version = optional_text(json, "driver_version");
  machine.cuda_version = optional_text(json, "cuda_version");
  machine.trt_version = optional_text(json, "trt_version");
  machine.trt_runtime_available = json.at("trt_runtime_available");
  machine.jetson_type = optional_text(json, "jetson_type");
  machine.l4t_version = optional_text(json, "l4t_version");
  machine.os_version = optional_text(json, "os_version");
  machine.warnings = json.at("warnings");
  return machine;
}

inline BackendDescription backend_of(const Json& json) {
  return {.name = json.at("name"),
          .available = json.at("available"),
          .reason = json.at("reason"),
          .plugin_path = json.at("plugin_path"),
          .runtime_version = json.at("runtime_version"),
          .runtime_path = json.at("runtime_path"),
          .execution_providers = json.at("execution_providers"),
          .devices = json.at("devices"),
          .math_library = json.at("math_library")};
}

inline EnvironmentDescription environment_of(const Json& json) {
  EnvironmentDescription environment{.library_version = json.at("library_version"),
                                     .operating_system = json.at("operating_system"),
                                     .cpu = json.at("cpu"),
                                     .physical_cores = json.at("physical_cores"),
                                     .logical_cores = json.at("logical_cores"),
                                     .simd = json.at("simd"),
                                     .machine = machine_of(json.at("machine")),
                                     .backends = {}};
  for (const Json& backend : json.at("backends")) environment.backends.push_back(backend_of(backend));
  return environment;
}

inline Json recorded_json(const std::string& name) {
  const std::filesystem::path file =
      std::filesystem::path(INFERENCE_EXP_SOURCE_DIR) / "tests/negotiation/machines" / (name + ".json");
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_json(text, file.string());
}

/// "tesla_t4", "l4", "jetson_orin" or "cpu_only".
inline EnvironmentDescription recorded_machine(const std::string& name) { return environment_of(recorded_json(name)); }

}  // namespace inference_exp::testing
