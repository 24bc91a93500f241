#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/serialization.hpp"

namespace inference_exp::cli {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

void print_line(const char* what, const std::string& value) {
  if (!value.empty()) std::cout << "    " << what << value << '\n';
}

void print(const BackendDescription& backend) {
  std::cout << "  " << backend.name << ": " << (backend.available ? "available" : "not available") << '\n';
  print_line("why:                 ", backend.reason);
  print_line("plug-in:             ", backend.plugin_path);
  print_line("runtime:             ", backend.runtime_version);
  print_line("runtime library:     ", backend.runtime_path);
  print_line("execution providers: ", joined(backend.execution_providers));
  print_line("devices:             ", joined(backend.devices));
  print_line("math library:        ", backend.math_library);
}

void print_fact(const char* what, const std::optional<std::string>& value) {
  if (value) std::cout << what << *value << '\n';
}

void print(const GpuDescription& gpu) {
  std::cout << "gpu:      " << gpu.name;
  if (!gpu.compute_capability.empty()) std::cout << ", compute capability " << gpu.compute_capability;
  std::cout << '\n';
}

void print_tensorrt(const MachineDescription& machine) {
  if (!machine.trt_version && !machine.trt_runtime_available) return;
  std::cout << "tensorrt: " << machine.trt_version.value_or("of unknown version")
            << (machine.trt_runtime_available ? "" : ", but its library cannot be opened") << '\n';
}

void print(const MachineDescription& machine) {
  for (const GpuDescription& gpu : machine.gpus) print(gpu);
  print_fact("driver:   ", machine.driver_version);
  print_fact("cuda:     ", machine.cuda_version);
  print_tensorrt(machine);
  print_fact("jetson:   ", machine.jetson_type);
  print_fact("l4t:      ", machine.l4t_version);
  print_fact("os:       ", machine.os_version);
  for (const std::string& warning : machine.warnings) std::cout << "warning:  " << warning << '\n';
}

void print(const EnvironmentDescription& environment) {
  std::cout << "inference-exp " << environment.library_version << '\n'
            << "system:   " << environment.operating_system << '\n'
            << "cpu:      " << environment.cpu << '\n'
            << "cores:    " << environment.physical_cores << " physical, " << environment.logical_cores << " logical\n"
            << "simd:     " << environment.simd << '\n';
  print(environment.machine);
  std::cout << "backends:\n";
  for (const BackendDescription& backend : environment.backends) print(backend);
}

}  // namespace

ExitCode run(const EnvironmentArguments& arguments) {
  const EnvironmentDescription environment = describe_environment(arguments.backend_paths);
  if (arguments.json) {
    std::cout << to_json(environment) << '\n';
  } else {
    print(environment);
  }
  return ExitCode::ok;
}

}  // namespace inference_exp::cli
