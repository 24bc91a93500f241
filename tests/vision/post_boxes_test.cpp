#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "vision/boxes.hpp"

namespace inference_exp::vision {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Iou, OfHalfOverlappingBoxesIsAThird) { EXPECT_FLOAT_EQ(iou({0, 0, 2, 2}, {1, 0, 3, 2}), 1.F / 3); }

TEST(Iou, OfTouchingBoxesIsZero) { EXPECT_EQ(iou({0, 0, 2, 2}, {2, 0, 4, 2}), 0.F); }

TEST(Iou, OfTwoEmptyBoxesIsNan) { EXPECT_TRUE(std::isnan(iou({1, 1, 1, 1}, {1, 1, 1, 1}))); }

TEST(Rounding, TakesHalvesToTheEvenNeighbour) {
  EXPECT_EQ(round_to_int32(0.5F), 0);
  EXPECT_EQ(round_to_int32(1.5F), 2);
  EXPECT_EQ(round_to_int32(2.5F), 2);
  EXPECT_EQ(round_to_int32(-0.5F), 0);
  EXPECT_EQ(round_to_int32(-1.5F), -2);
}

TEST(Rounding, SaturatesWhatDoesNotFit) {
  EXPECT_EQ(round_to_int32(kInfinity), std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(round_to_int32(-kInfinity), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(round_to_int32(3e9F), std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(round_to_int32(-3e9F), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(round_to_int32(2147483520.F), 2147483520);
  EXPECT_EQ(round_to_int32(kNan), 0);
}

TEST(FiniteBox, KnowsNanAndInfinity) {
  EXPECT_TRUE(is_finite({0, 1, 2, 3}));
  EXPECT_FALSE(is_finite({0, kNan, 2, 3}));
  EXPECT_FALSE(is_finite({0, 1, 2, -kInfinity}));
}

/// 100 x 50 pixels, cropped by (10, 5), halved and padded by (4, 2).
PreprocessingMetadata cropped_and_padded() {
  PreprocessingMetadata placement;
  placement.pad_left = 4;
  placement.pad_top = 2;
  placement.scale_width = placement.scale_height = 0.5;
  placement.original_size = {100, 50};
  placement.static_crop = {10, 5, 80, 40};
  return placement;
}

TEST(PixelMapping, UndoesPaddingScaleAndCrop) {
  const PixelMapping mapping(cropped_and_padded());
  EXPECT_EQ(mapping.point(14, 12), (PointF{30, 25}));
  EXPECT_EQ(mapping.box({14, 12, 24, 17}), (Box{30, 25, 50, 35}));
}

TEST(PixelMapping, ClampsBoxesToTheWholeImageButNotPoints) {
  const PixelMapping mapping(cropped_and_padded());
  EXPECT_EQ(mapping.box({-100, -100, 100, 100}), (Box{0, 0, 100, 50}));
  EXPECT_EQ(mapping.point(-100, 100), (PointF{-198, 201}));
}

TEST(PixelMapping, KeepsHugeValuesWithinTheImage) {
  const float huge = std::numeric_limits<float>::max();
  EXPECT_EQ(PixelMapping(cropped_and_padded()).box({-huge, -kInfinity, huge, kInfinity}), (Box{0, 0, 100, 50}));
}

}  // namespace
}  // namespace inference_exp::vision
