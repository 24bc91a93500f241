// A process of its own, since a process reads its environment and opens its runtime once:
// opens a model through the onnx backend and prints what came of it.
#include <iostream>

#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"

int main(int argument_count, char** arguments) {
  using namespace inference_exp;
  if (argument_count != 2) return 2;
  for (const BackendDescription& backend : runtime::describe_backends({})) {
    if (backend.name != "onnx") continue;
    std::cout << (backend.available ? "available " + backend.runtime_path : "unavailable: " + backend.reason) << "\n";
  }
  try {
    const auto session = runtime::open_session("onnx", arguments[1], {}, {});
    std::cout << "opened with " << session->metadata().at("runtime.execution_provider") << "\n";
  } catch (const Error& error) {
    std::cout << error.name() << ": " << error.what() << "\n";
  }
  return 0;
}
