#include "runtime/tensor_cast.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {

std::uint16_t float_to_half(float value) noexcept {
  constexpr std::uint32_t kInfinity = 0x7F800000U;
  constexpr std::uint32_t kOverflow = 0x47800000U;   // 65536: beyond every binary16, also before rounding
  constexpr std::uint32_t kSubnormal = 0x38800000U;  // 2^-14: the smallest normal binary16
  constexpr std::uint32_t kRebias = (127U - 15U) << 23;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
  } else if (magnitude >= kOverflow) {
    half = 0x7C00U;
  } else if (magnitude < kSubnormal) {
    // Adding 1/2 leaves the unit of a binary16 subnormal in the last place, so the sum rounds as it should.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F);
  } else {
    // 13 bits are dropped; a carry may run into the exponent, up to infinity, which is right.
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    half = (magnitude - kRebias + 0xFFFU + odd) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

float half_to_float(std::uint16_t bits) noexcept {
  constexpr std::uint32_t kRebias = (127U - 15U) << 23;
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t magnitude = bits & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude << 13));
  if (magnitude >= 0x400U) return std::bit_cast<float>(sign | ((magnitude << 13) + kRebias));
  const float value = static_cast<float>(magnitude) * 0x1p-24F;
  return sign != 0 ? -value : value;
}

bool can_cast_from_float(DType dtype) noexcept {
  return dtype == DType::f16 || dtype == DType::f32 || dtype == DType::f64;
}

void cast_from_float(std::span<const float> source, DType dtype, void* destination) {
  switch (dtype) {
    case DType::f32:
      std::ranges::copy(source, static_cast<float*>(destination));
      return;
    case DType::f64:
      std::ranges::copy(source, static_cast<double*>(destination));
      return;
    case DType::f16:
      std::ranges::transform(source, static_cast<std::uint16_t*>(destination), float_to_half);
      return;
    default:
      throw ModelRuntimeError("A float32 image cannot be cast to " + std::string(dtype_name(dtype)) + ".");
  }
}

namespace {

template <typename T>
void copy_as_float(const void* source, std::span<float> destination) noexcept {
  const T* elements = static_cast<const T*>(source);
  std::transform(elements, elements + destination.size(), destination.begin(),
                 [](T value) { return static_cast<float>(value); });
}

}  // namespace

void cast_to_float(const void* source, DType dtype, std::span<float> destination) noexcept {
  switch (dtype) {
    case DType::f32:
      return copy_as_float<float>(source, destination);
    case DType::f64:
      return copy_as_float<double>(source, destination);
    case DType::i8:
      return copy_as_float<std::int8_t>(source, destination);
    case DType::i16:
      return copy_as_float<std::int16_t>(source, destination);
    case DType::i32:
      return copy_as_float<std::int32_t>(source, destination);
    case DType::i64:
      return copy_as_float<std::int64_t>(source, destination);
    case DType::u8:
    case DType::boolean:
      return copy_as_float<std::uint8_t>(source, destination);
    case DType::f16:
    case DType::bf16:
      break;
  }
  const auto* elements = static_cast<const std::uint16_t*>(source);
  const auto widen = dtype == DType::f16 ? half_to_float : [](std::uint16_t bits) noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  };
  std::transform(elements, elements + destination.size(), destination.begin(), widen);
}

}  // namespace inference_exp::runtime
