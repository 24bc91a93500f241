#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "hub/downloader.hpp"
#include "hub/part_file.hpp"

namespace inference_exp::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pair = std::pair<std::uint64_t, std::uint64_t>;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::vector<Pair> pairs(const std::vector<ByteRange>& ranges) {
  std::vector<Pair> result;
  for (const ByteRange& range : ranges) result.emplace_back(range.first, range.last);
  return result;
}

TEST(SplitIntoRanges, AreAtLeast16MiB) {
  EXPECT_THAT(pairs(split_into_ranges(33 * kMiB)),
              ElementsAre(Pair(0, 16777215), Pair(16777216, 33554431), Pair(33554432, 34603007)));
}

TEST(SplitIntoRanges, AreEightOfALargeFile) {
  const std::vector<ByteRange> ranges = split_into_ranges(300 * kMiB);
  ASSERT_EQ(ranges.size(), 8U);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(ranges[i].first, i * 39321600);
    EXPECT_EQ(ranges[i].last, (i + 1) * 39321600 - 1);
  }
}

TEST(SplitIntoRanges, CoverEveryByteOnce) {
  for (const std::uint64_t size : {1ULL, 7ULL, 8ULL, 9ULL, 63ULL, 64ULL, 65ULL, 1001ULL}) {
    std::uint64_t next = 0;
    for (const ByteRange& range : split_into_ranges(size, 8, 4)) {
      EXPECT_EQ(range.first, next) << size;
      next = range.last + 1;
    }
    EXPECT_EQ(next, size);
  }
}

TEST(SplitIntoRanges, OfNothingAreNone) { EXPECT_THAT(split_into_ranges(0), IsEmpty()); }

TEST(ByteSets, JoinWhatTouchesOrOverlaps) {
  ByteSet set;
  set.add({.first = 10, .last = 19});
  set.add({.first = 30, .last = 39});
  EXPECT_THAT(pairs(set.ranges()), ElementsAre(Pair(10, 19), Pair(30, 39)));
  set.add({.first = 20, .last = 24});
  EXPECT_THAT(pairs(set.ranges()), ElementsAre(Pair(10, 24), Pair(30, 39)));
  set.add({.first = 22, .last = 32});
  EXPECT_THAT(pairs(set.ranges()), ElementsAre(Pair(10, 39)));
  set.add({.first = 12, .last = 13});
  EXPECT_THAT(pairs(set.ranges()), ElementsAre(Pair(10, 39)));
  set.add({.first = 0, .last = 99});
  EXPECT_THAT(pairs(set.ranges()), ElementsAre(Pair(0, 99)));
}

TEST(ByteSets, KnowTheirPrefixAndTheirGaps) {
  ByteSet set;
  EXPECT_EQ(set.prefix(), 0U);
  EXPECT_THAT(pairs(set.missing({.first = 0, .last = 9})), ElementsAre(Pair(0, 9)));
  set.add({.first = 5, .last = 6});
  EXPECT_EQ(set.prefix(), 0U);
  EXPECT_THAT(pairs(set.missing({.first = 0, .last = 9})), ElementsAre(Pair(0, 4), Pair(7, 9)));
  EXPECT_THAT(pairs(set.missing({.first = 6, .last = 9})), ElementsAre(Pair(7, 9)));
  EXPECT_THAT(pairs(set.missing({.first = 0, .last = 5})), ElementsAre(Pair(0, 4)));
  set.add({.first = 0, .last = 2});
  EXPECT_EQ(set.prefix(), 3U);
  EXPECT_EQ(set.count(), 5U);
  EXPECT_THAT(set.missing({.first = 0, .last = 2}), IsEmpty());
}

TEST(ByteSets, AgreeWithAPlainTwin) {
  std::uint32_t state = 7;
  const auto random = [&state](std::uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8U) % below;
  };
  for (int round = 0; round < 200; ++round) {
    ByteSet set;
    std::vector<bool> twin(64);
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t first = random(64);
      const std::uint64_t last = std::min<std::uint64_t>(63, first + random(12));
      set.add({.first = first, .last = last});
      std::fill(twin.begin() + static_cast<long>(first), twin.begin() + static_cast<long>(last) + 1, true);
    }
    std::vector<bool> held(64, true);
    for (const ByteRange& gap : set.missing({.first = 0, .last = 63})) {
      std::fill(held.begin() + static_cast<long>(gap.first), held.begin() + static_cast<long>(gap.last) + 1, false);
    }
    ASSERT_EQ(held, twin);
    ASSERT_EQ(set.count(), static_cast<std::uint64_t>(std::count(twin.begin(), twin.end(), true)));
  }
}

}  // namespace
}  // namespace inference_exp::hub
