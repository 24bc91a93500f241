// The inputs and outputs of an engine, as the host sees them.
#pragma once

#include <cstddef>
#include <cstdint>
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

}  // namespace inference_exp::tensorrt
