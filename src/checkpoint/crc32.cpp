#include "checkpoint/crc32.hpp"

#include <array>
#include <cstring>

namespace inference_exp::checkpoint {

namespace {

constexpr std::uint32_t kPolynomial = 0xEDB88320;
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Table k: what a byte does to the sum k bytes later.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) != 0 ? kPolynomial : 0U);
    tables[0][byte] = sum;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t step(std::uint32_t sum, std::byte next) noexcept {
  return (sum >> 8U) ^ kTables[0][(sum ^ std::to_integer<std::uint32_t>(next)) & 0xFFU];
}

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes) noexcept {
  std::uint32_t sum = ~0U;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= sum;
    sum = 0;
    for (std::size_t k = 0; k < 8; ++k) sum ^= kTables[7 - k][(word >> (8 * k)) & 0xFFU];
  }
  for (; i < bytes.size(); ++i) sum = step(sum, bytes[i]);
  return ~sum;
}

std::uint32_t crc32_reference(std::span<const std::byte> bytes) noexcept {
  std::uint32_t sum = ~0U;
  for (const std::byte byte : bytes) sum = step(sum, byte);
  return ~sum;
}

}  // namespace inference_exp::checkpoint
