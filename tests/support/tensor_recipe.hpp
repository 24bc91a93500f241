// Tensors by recipe instead of by file: every element follows from the tensor's name and its index, bit for bit the
// same in any language (FNV-1a-64 of the name, splitmix64 by index).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace inference_exp::testing {

inline std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

/// Element `index` of the tensor with this key: a multiple of 2^-23 in [-1, 1).
inline float recipe_element(std::uint64_t key, std::uint64_t index) {
  std::uint64_t z = key + (index + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  z ^= z >> 31U;
  return static_cast<float>(static_cast<std::int32_t>(z >> 40U) - 8388608) * 0x1p-23F;
}

/// `base` + r * 2^log2scale for each element; just `base` without a scale.
inline std::vector<float> fill(std::string_view name, std::size_t count, double base, std::optional<int> log2scale) {
  const auto offset = static_cast<float>(base);
  std::vector<float> values(count, offset);
  if (!log2scale) return values;
  const std::uint64_t key = fnv1a64(name);
  const float scale = std::ldexp(1.0F, *log2scale);
  for (std::size_t i = 0; i < count; ++i) values[i] = recipe_element(key, i) * scale + offset;
  return values;
}

/// The bits of the nearest float16, ties to even.
inline std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16U & 0x8000U;
  std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
  if (magnitude < 0x38800000U) {
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(std::fabs(value) * 0x1p24F)));
  }
  magnitude += 0xFFFU + (magnitude >> 13U & 1U);
  return static_cast<std::uint16_t>(sign | (magnitude - 0x38000000U) >> 13U);
}

}  // namespace inference_exp::testing
