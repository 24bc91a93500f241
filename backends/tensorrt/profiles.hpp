// Optimisation profiles: which shapes an engine takes, and which of its profiles serves them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "ports.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Throws IEXP_ERROR_INVALID_PARAMETER, naming what is allowed, unless some profile of this input holds `shape`.
void check_input_shape(const Port& input, std::span<const std::int64_t> shape);

/// The profile that holds the shapes of all inputs. Of several, the one whose optimum has the nearest number of
/// elements, summed over the inputs; of equally near ones, the first. Throws IEXP_ERROR_INVALID_PARAMETER where none
/// holds them all.
[[nodiscard]] std::int32_t choose_profile(std::span<const Port> inputs, std::span<const Dimensions> shapes);

/// Such as "[1..8, 3, 640, 640]", profiles joined with " or ".
[[nodiscard]] std::string allowed_shapes(const Port& input);

}  // namespace inference_exp::tensorrt
