// The generator and checksum that the golden vectors are written in (golden_vectors.json, "_about").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "support/shared_data.hpp"

namespace inference_exp::testing {

/// x = (1664525 x + 1013904223) mod 2^32.
class Lcg {
 public:
  explicit Lcg(std::uint32_t seed) : state_(seed) {}
  std::uint8_t byte() { return static_cast<std::uint8_t>(next() >> 24); }
  float uniform() { return static_cast<float>(next() >> 8) * 0x1p-24F; }

 private:
  std::uint32_t next() { return state_ = state_ * 1664525U + 1013904223U; }
  std::uint32_t state_;
};

/// height * width * 3 bytes, row-major HWC.
inline std::vector<std::uint8_t> golden_image(std::uint32_t seed, std::size_t height, std::size_t width) {
  Lcg random(seed);
  std::vector<std::uint8_t> pixels(height * width * 3);
  for (std::uint8_t& value : pixels) value = random.byte();
  return pixels;
}

/// zlib's CRC-32.
inline std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::byte b : bytes) {
    crc ^= static_cast<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

inline nlohmann::json load_json(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return nlohmann::json::parse(stream);
}

}  // namespace inference_exp::testing
