#include "ports.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

iexp_dtype dtype_of(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return {.code = 2, .bits = 32, .lanes = 1};
    case ElementType::f16:
      return {.code = 2, .bits = 16, .lanes = 1};
    case ElementType::bf16:
      return {.code = 4, .bits = 16, .lanes = 1};
    case ElementType::i8:
      return {.code = 0, .bits = 8, .lanes = 1};
    case ElementType::i32:
      return {.code = 0, .bits = 32, .lanes = 1};
    case ElementType::i64:
      return {.code = 0, .bits = 64, .lanes = 1};
    case ElementType::u8:
      return {.code = 1, .bits = 8, .lanes = 1};
    case ElementType::boolean:
      return {.code = 6, .bits = 8, .lanes = 1};
    case ElementType::other:
      break;
  }
  return {};
}

bool is_dynamic(const Dimensions& shape) {
  return std::ranges::any_of(shape, [](std::int64_t dim) { return dim < 0; });
}

/// Why nobody can use this tensor; empty when it can be used.
std::string fault_of(const IoTensor& tensor) {
  if (tensor.on_host) return "is a shape tensor in host memory";
  if (!tensor.linear) return "has a packed memory layout";
  if (dtype_of(tensor.type).bits == 0) return "has an element type that is not supported";
  if (tensor.is_input && tensor.profiles.empty() && is_dynamic(tensor.shape)) {
    return "is dynamic and has no optimisation profile";
  }
  return {};
}

Port port_of(const IoTensor& tensor, std::int32_t profile_count) {
  Port port{.name = tensor.name, .dtype = dtype_of(tensor.type), .shape = tensor.shape, .profiles = tensor.profiles};
  std::ranges::replace_if(
      port.shape, [](std::int64_t dim) { return dim < 0; }, -1);
  if (tensor.is_input && port.profiles.empty()) {
    port.profiles.assign(static_cast<std::size_t>(std::max(profile_count, 1)), {port.shape, port.shape, port.shape});
  }
  return port;
}

}  // namespace

Ports read_ports(const Engine& engine, const std::string& file) {
  Ports ports;
  const std::int32_t profile_count = engine.profile_count();
  for (const IoTensor& tensor : engine.io()) {
    if (const std::string fault = fault_of(tensor); !fault.empty()) {
      throw Failure(
          IEXP_ERROR_CORRUPTED_PACKAGE,
          file + ": its " + (tensor.is_input ? "input" : "output") + " \"" + tensor.name + "\" " + fault + ".",
          "Build the engine with inputs and outputs that are plain row-major tensors in device memory.");
    }
    (tensor.is_input ? ports.inputs : ports.outputs).push_back(port_of(tensor, profile_count));
  }
  return ports;
}

}  // namespace inference_exp::tensorrt
