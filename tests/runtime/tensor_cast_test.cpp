#include "runtime/tensor_cast.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {
namespace {

/// The value of a binary16 by its definition.
double meaning_of(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(HalfFloat, EveryFiniteValueIsReadExactlyAndComesBack) {
  for (std::uint32_t i = 0; i <= 0xFFFF; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    if (((bits >> 10) & 31) == 31) continue;
    const float value = half_to_float(bits);
    ASSERT_EQ(static_cast<double>(value), meaning_of(bits)) << std::hex << i;
    ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << std::hex << i;
    ASSERT_EQ(float_to_half(value), bits) << std::hex << i;
  }
}

TEST(HalfFloat, RoundsToNearestTiesToEven) {
  for (std::uint16_t bits = 0; bits < 0x7BFF; ++bits) {  // all finite, positive, with a finite neighbour above
    const double below = meaning_of(bits);
    const double above = meaning_of(static_cast<std::uint16_t>(bits + 1));
    const auto middle = static_cast<float>((below + above) / 2);  // exact: one bit more than binary16
    const float less = std::nextafter(middle, 0.0F);
    const float more = std::nextafter(middle, std::numeric_limits<float>::infinity());
    const auto even = static_cast<std::uint16_t>(bits + (bits & 1));
    ASSERT_EQ(float_to_half(middle), even) << std::hex << bits;
    ASSERT_EQ(float_to_half(less), bits) << std::hex << bits;
    ASSERT_EQ(float_to_half(more), bits + 1) << std::hex << bits;
    ASSERT_EQ(float_to_half(-middle), even | 0x8000) << std::hex << bits;
  }
}

TEST(HalfFloat, OverflowsToInfinityFromTheRoundingPointOn) {
  EXPECT_EQ(float_to_half(65504.0F), 0x7BFF);
  EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
  EXPECT_EQ(float_to_half(1e30F), 0x7C00);
  EXPECT_EQ(float_to_half(-1e30F), 0xFC00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(half_to_float(0x7C00), std::numeric_limits<float>::infinity());
}

TEST(HalfFloat, KeepsNanAndTinySigns) {
  EXPECT_TRUE(std::isnan(half_to_float(float_to_half(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(half_to_float(float_to_half(std::bit_cast<float>(0x7F800001U)))));
  EXPECT_EQ(float_to_half(-1e-30F), 0x8000);
  EXPECT_EQ(float_to_half(0x1p-25F), 0);                        // a tie with zero, which is even
  EXPECT_EQ(float_to_half(std::nextafter(0x1p-25F, 1.0F)), 1);  // just over it
}

TEST(CastFromFloat, FollowsTheTable) {
  EXPECT_TRUE(can_cast_from_float(DType::f16));
  EXPECT_TRUE(can_cast_from_float(DType::f32));
  EXPECT_TRUE(can_cast_from_float(DType::f64));
  for (const DType dtype : {DType::bf16, DType::i8, DType::i16, DType::i32, DType::i64, DType::u8, DType::boolean}) {
    EXPECT_FALSE(can_cast_from_float(dtype));
    std::array<float, 1> source{1};
    std::array<double, 1> destination{};
    EXPECT_THROW(cast_from_float(source, dtype, destination.data()), ModelRuntimeError);
  }
}

TEST(CastFromFloat, WritesEveryAllowedType) {
  const std::vector<float> source{0.1F, -2.5F};
  std::vector<double> doubles(2);
  cast_from_float(source, DType::f64, doubles.data());
  EXPECT_EQ(doubles, (std::vector<double>{static_cast<double>(0.1F), -2.5}));
  std::vector<std::uint16_t> halves(2);
  cast_from_float(source, DType::f16, halves.data());
  EXPECT_EQ(halves, (std::vector<std::uint16_t>{0x2E66, 0xC100}));
  std::vector<float> floats(2);
  cast_from_float(source, DType::f32, floats.data());
  EXPECT_EQ(floats, source);
}

template <typename T>
std::vector<float> as_floats(const std::vector<T>& source, DType dtype) {
  std::vector<float> floats(source.size());
  cast_to_float(source.data(), dtype, floats);
  return floats;
}

TEST(CastToFloat, ReadsEveryType) {
  const std::vector<float> expected{1, -2};
  EXPECT_EQ(as_floats<float>({1, -2}, DType::f32), expected);
  EXPECT_EQ(as_floats<double>({1, -2}, DType::f64), expected);
  EXPECT_EQ(as_floats<std::int8_t>({1, -2}, DType::i8), expected);
  EXPECT_EQ(as_floats<std::int16_t>({1, -2}, DType::i16), expected);
  EXPECT_EQ(as_floats<std::int32_t>({1, -2}, DType::i32), expected);
  EXPECT_EQ(as_floats<std::int64_t>({1, -2}, DType::i64), expected);
  EXPECT_EQ(as_floats<std::uint16_t>({0x3C00, 0xC000}, DType::f16), expected);
  EXPECT_EQ(as_floats<std::uint16_t>({0x3F80, 0xC000}, DType::bf16), expected);
  EXPECT_EQ(as_floats<std::uint8_t>({1, 200}, DType::u8), (std::vector<float>{1, 200}));
  EXPECT_EQ(as_floats<std::uint8_t>({1, 0}, DType::boolean), (std::vector<float>{1, 0}));
}

}  // namespace
}  // namespace inference_exp::runtime
