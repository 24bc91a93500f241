#include "core/aligned_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace inference_exp {
namespace {

class AlignedBufferOf : public ::testing::TestWithParam<std::size_t> {};

TEST_P(AlignedBufferOf, IsZeroAlignedAndWritableToItsEnd) {
  const AlignedBuffer buffer(GetParam());
  ASSERT_EQ(buffer.size(), GetParam());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % AlignedBuffer::kAlignment, 0U);
  const std::span<std::byte> bytes(buffer.data(), buffer.size());
  EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte value) { return value == std::byte{0}; }));
  std::ranges::fill(bytes, std::byte{1});
}

INSTANTIATE_TEST_SUITE_P(SmallAndLarge, AlignedBufferOf,
                         ::testing::Values(1, 63, 4096, (std::size_t{2} << 20) - 1, std::size_t{2} << 20,
                                           std::size_t{5'000'001}));

TEST(AlignedBuffer, MayBeEmpty) {
  EXPECT_EQ(AlignedBuffer().data(), nullptr);
  EXPECT_EQ(AlignedBuffer(0).size(), 0U);
}

TEST(AlignedBuffer, MovesWithoutMovingItsBytes) {
  AlignedBuffer first(3'000'000);
  const std::byte* const bytes = first.data();
  AlignedBuffer second(100);
  second = std::move(first);
  EXPECT_EQ(second.data(), bytes);
  EXPECT_EQ(second.size(), 3'000'000U);
  EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move): that is the question
}

}  // namespace
}  // namespace inference_exp
