// The inputs and outputs of an engine, as the host sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inference_exp/backend.h"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// One input or output.
struct Port {
  std::string name;
  iexp_dtype dtype{};
  Dimensions shape;                     ///< -1 where dynamic
  std::vector<ProfileShapes> profiles;  ///< of an input: one for each optimisation profile of the engine
};

struct Ports {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

/// Reads what `engine` has. Throws IEXP_ERROR_CORRUPTED_PACKAGE, naming `file`, for what nobody can fill or read: shape
/// tensors in host memory, packed layouts, element types without a name in backend.h, dynamic inputs without profiles.
[[nodiscard]] Ports read_ports(const Engine& engine, const std::string& file);

/// Throws IEXP_ERROR_INVALID_PARAMETER about a tensor for `port`; `what` goes on after its name.
[[noreturn]] void refuse_tensor(const Port& port, const std::string& what);

/// Port number `index` of `ports`; `kind` is "input" or "output". Throws IEXP_ERROR_INVALID_PARAMETER.
[[nodiscard]] const Port& port_at(std::span<const Port> ports, std::size_t index, const char* kind);

/// The bytes of a tensor of this type and shape, none of whose dimensions is negative.
[[nodiscard]] std::size_t byte_size(const Port& port, std::span<const std::int64_t> shape);

/// Such as "[1, 3, ?, ?]".
[[nodiscard]] std::string text_of(std::span<const std::int64_t> shape);

}  // namespace inference_exp::tensorrt
