// Numbers of any element type as floats, as the stand-in TensorRT computes with them.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tensorrt/tensorrt.hpp"

namespace inference_exp::test {

/// Exact for halves that are zero or normal; others become zero.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  if (exponent == 0) return std::bit_cast<float>(sign);
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | ((half & 0x3FFU) << 13U));
}

/// Rounds to the nearest normal half.
inline std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = (bits & 0x7FFFFFFFU) + 0xFFFU + ((bits >> 13U) & 1U);
  if (magnitude < (113U << 23U)) return static_cast<std::uint16_t>(sign);
  return static_cast<std::uint16_t>(sign | ((magnitude >> 13U) - (112U << 10U)));
}

template <typename T>
float load_as(const std::byte* from) {
  T value{};
  std::memcpy(&value, from, sizeof value);
  return static_cast<float>(value);
}

template <typename T>
void store_as(std::byte* to, float value) {
  const T stored = static_cast<T>(value);
  std::memcpy(to, &stored, sizeof stored);
}

inline float load_value(tensorrt::ElementType type, const std::byte* from) {
  using tensorrt::ElementType;
  std::uint16_t bits = 0;
  if (type == ElementType::f16 || type == ElementType::bf16) std::memcpy(&bits, from, sizeof bits);
  switch (type) {
    case ElementType::f32:
      return load_as<float>(from);
    case ElementType::f16:
      return half_to_float(bits);
    case ElementType::bf16:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
    case ElementType::i8:
      return load_as<std::int8_t>(from);
    case ElementType::i32:
      return load_as<std::int32_t>(from);
    case ElementType::i64:
      return load_as<std::int64_t>(from);
    default:
      return load_as<std::uint8_t>(from);
  }
}

inline void store_value(tensorrt::ElementType type, std::byte* to, float value) {
  using tensorrt::ElementType;
  switch (type) {
    case ElementType::f32:
      return store_as<float>(to, value);
    case ElementType::f16: {
      const std::uint16_t bits = float_to_half(value);
      std::memcpy(to, &bits, sizeof bits);
      return;
    }
    case ElementType::bf16: {
      const auto bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16U);
      std::memcpy(to, &bits, sizeof bits);
      return;
    }
    case ElementType::i8:
      return store_as<std::int8_t>(to, value);
    case ElementType::i32:
      return store_as<std::int32_t>(to, value);
    case ElementType::i64:
      return store_as<std::int64_t>(to, value);
    case ElementType::boolean:
      return store_as<std::uint8_t>(to, value != 0 ? 1.0F : 0.0F);
    default:
      return store_as<std::uint8_t>(to, value);
  }
}

}  // namespace inference_exp::test
