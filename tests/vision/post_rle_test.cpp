#include <gtest/gtest.h>

#include "inference_exp/errors.hpp"
#include "inference_exp/predictions.hpp"
#include "support/golden.hpp"

namespace inference_exp {
namespace {

std::vector<std::uint8_t> rectangle(Size size, Rect set) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(size.width * size.height));
  for (int y = set.y; y < set.y + set.height; ++y) {
    for (int x = set.x; x < set.x + set.width; ++x) mask[static_cast<std::size_t>(y * size.width + x)] = 1;
  }
  return mask;
}

TEST(Rle, HasTheGoldenStrings) {
  const Size size{5, 4};
  EXPECT_EQ(encode_rle(rectangle(size, {2, 1, 2, 2}), size), "92203");
  EXPECT_EQ(encode_rle(rectangle(size, {}), size), "d0");
  EXPECT_EQ(encode_rle(rectangle(size, {0, 0, 5, 4}), size), "0d0");
}

TEST(Rle, CountsAnyNonZeroByteAsSet) {
  EXPECT_EQ(encode_rle(std::vector<std::uint8_t>{0, 7, 255, 0}, {2, 2}),
            encode_rle(std::vector<std::uint8_t>{0, 1, 1, 0}, {2, 2}));
}

TEST(Rle, DecodesWhatItEncodes) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    testing::Lcg random(seed);
    const Size size{1 + static_cast<int>(random.uniform() * 70), 1 + static_cast<int>(random.uniform() * 70)};
    const float share = random.uniform();
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(size.width * size.height));
    for (std::uint8_t& pixel : mask) pixel = random.uniform() < share;
    EXPECT_EQ(decode_rle(encode_rle(mask, size), size), mask) << "seed " << seed;
  }
}

TEST(Rle, DecodesLongRunsThatShrinkAgain) {
  const Size size{3000, 2000};
  const std::vector<std::uint8_t> mask = rectangle(size, {100, 3, 2000, 1990});
  EXPECT_EQ(decode_rle(encode_rle(mask, size), size), mask);
}

TEST(Rle, OfAnEmptyPictureIsNothingToDecode) {
  EXPECT_TRUE(decode_rle(encode_rle({}, {0, 0}), {0, 0}).empty());
  EXPECT_TRUE(decode_rle("", {0, 5}).empty());
}

TEST(Rle, RefusesWhatIsNotAMask) {
  const Size size{5, 4};
  for (const char* const text : {
           "",                     // nothing where 20 pixels are due
           "c0",                   // 19 pixels
           "e0",                   // 21 pixels
           "d0!",                  // a character outside the alphabet
           "d0\x7f",               // another
           "d",                    // a number cut short
           "N",                    // a negative run
           "4400N",                // negative through the difference
           "oooooooooooooooooo0",  // too long a number
           "000000000000000000o"   // cut short after many empty runs
       }) {
    EXPECT_THROW((void)decode_rle(text, size), InvalidParameterError) << text;
  }
  EXPECT_THROW((void)decode_rle("d0", {-5, -4}), InvalidParameterError);
  EXPECT_THROW((void)encode_rle(std::vector<std::uint8_t>(3), size), InvalidParameterError);
}

TEST(Rle, RefusesRandomTextWithoutHarm) {
  testing::Lcg random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string text(random.byte() % 24U, ' ');
    for (char& c : text) c = static_cast<char>(random.byte());
    try {
      EXPECT_EQ(decode_rle(text, {13, 7}).size(), 91U);
    } catch (const InvalidParameterError&) {
    }
  }
}

}  // namespace
}  // namespace inference_exp
