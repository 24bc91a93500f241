// Conversions between the floats that models are written in and the element types that networks have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/tensor.hpp"

namespace inference_exp::runtime {

/// IEEE 754 binary16. Rounds to nearest, ties to even; overflows to infinity, keeps NaN and the sign of zero.
[[nodiscard]] std::uint16_t float_to_half(float value) noexcept;
[[nodiscard]] float half_to_float(std::uint16_t bits) noexcept;

/// Whether a float32 image batch may be cast to this element type (models.md, section 6.1).
[[nodiscard]] bool can_cast_from_float(DType dtype) noexcept;

/// Writes `source` as `dtype` to `destination`, which holds source.size() elements. Throws ModelRuntimeError unless
/// can_cast_from_float.
void cast_from_float(std::span<const float> source, DType dtype, void* destination);

/// Writes elements of any type as floats. Integers past 2^24 and doubles are rounded to nearest.
void cast_to_float(const void* source, DType dtype, std::span<float> destination) noexcept;

}  // namespace inference_exp::runtime
