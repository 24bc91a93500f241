#include <iostream>
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
}

void print(const EnvironmentDescription& environment) {
  std::cout << "inference-exp " << environment.library_version << '\n'
            << "system:  " << environment.operating_system << '\n'
            << "cpu:     " << environment.cpu << '\n'
            << "cores:   " << environment.physical_cores << " physical, " << environment.logical_cores << " logical\n"
            << "simd:    " << environment.simd << '\n'
            << "backends:\n";
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
