#include "checkpoint/crc32.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace inference_exp::checkpoint {
namespace {

TEST(Crc32, TheFastSumEqualsThePlainOneAtEveryLengthAndOffset) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(300);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= bytes.size(); ++length) {
      const auto piece = std::span<const std::byte>(bytes).subspan(start, length);
      ASSERT_EQ(crc32(piece), crc32_reference(piece)) << start << " " << length;
    }
  }
}

TEST(Crc32, GivesThePublishedSum) {
  const std::string_view digits = "123456789";
  EXPECT_EQ(crc32(std::as_bytes(std::span(digits.data(), digits.size()))), 0xCBF43926U);
}

}  // namespace
}  // namespace inference_exp::checkpoint
