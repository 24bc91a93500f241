#include "inference_exp/image_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "inference_exp/errors.hpp"

namespace inference_exp {
namespace {

using ::testing::HasSubstr;

/// A picture of 4x3 BGR pixels whose bytes are 0, 1, 2, ...
class ImageViewTest : public ::testing::Test {
 protected:
  ImageViewTest() {
    for (std::size_t i = 0; i < pixels_.size(); ++i) pixels_[i] = static_cast<std::uint8_t>(i);
  }
  [[nodiscard]] ImageView view() const { return ImageView::from_u8(pixels_.data(), {4, 3}, PixelFormat::bgr); }
  [[nodiscard]] const std::uint8_t* pixels() const { return pixels_.data(); }

  static std::string complaint(const ImageView& view) {
    try {
      view.validate();
    } catch (const ModelInputError& error) {
      return error.what();
    }
    return "none";
  }

 private:
  std::array<std::uint8_t, 4 * 3 * 3> pixels_{};
};

TEST_F(ImageViewTest, ARowStrideOfZeroMeansCompactRows) {
  EXPECT_EQ(view().row_stride, 12);
  const std::array<float, 8> floats{};
  EXPECT_EQ(ImageView::from_f32(floats.data(), {2, 1}, PixelFormat::rgba).row_stride, 32);
  EXPECT_EQ(ImageView::from_u8(pixels(), {4, 3}, PixelFormat::gray, 9).row_stride, 9);
}

TEST_F(ImageViewTest, AGoodPictureIsValid) { EXPECT_EQ(complaint(view()), "none"); }

TEST_F(ImageViewTest, AnEmptyPictureIsNot) {
  EXPECT_THAT(complaint(ImageView{}), HasSubstr("empty"));
  EXPECT_THAT(complaint(ImageView::from_u8(nullptr, {4, 3}, PixelFormat::bgr)), HasSubstr("empty"));
  for (const Size size : {Size{0, 3}, Size{4, 0}, Size{-4, 3}, Size{4, std::numeric_limits<std::int32_t>::min()}}) {
    EXPECT_THAT(complaint(ImageView::from_u8(pixels(), size, PixelFormat::bgr)), HasSubstr("empty"));
  }
}

TEST_F(ImageViewTest, SidesEndAt65535) {
  ImageView wide = view();
  wide.size = {65535, 1};
  EXPECT_EQ(complaint(wide), "none");
  for (const Size size : {Size{65536, 1}, Size{1, 65536}, Size{std::numeric_limits<std::int32_t>::max(), 1}}) {
    wide.size = size;
    EXPECT_THAT(complaint(wide), HasSubstr("65535"));
  }
}

TEST_F(ImageViewTest, AStrideMustHoldARowInEitherDirection) {
  ImageView image = view();
  for (const std::ptrdiff_t stride : {12, 13, -12}) {
    image.row_stride = stride;
    EXPECT_EQ(complaint(image), "none") << stride;
  }
  for (const std::ptrdiff_t stride : {11, 0, -11}) {
    image.row_stride = stride;
    EXPECT_THAT(complaint(image), HasSubstr("stride")) << stride;
  }
  image.size.height = 1;
  EXPECT_EQ(complaint(image), "none") << "a single row needs no stride";
}

TEST_F(ImageViewTest, ACropSeesTheSamePixels) {
  const ImageView part = view().crop({.x = 1, .y = 2, .width = 3, .height = 1});
  EXPECT_EQ(part.size, (Size{3, 1}));
  EXPECT_EQ(part.row_stride, 12);
  EXPECT_EQ(part.data, reinterpret_cast<const std::byte*>(pixels()) + 2 * 12 + 1 * 3);
  EXPECT_EQ(view().crop({0, 0, 4, 3}).data, view().data);
}

TEST_F(ImageViewTest, ACropOfABottomUpPicture) {
  ImageView flipped = view();
  flipped.data += std::ptrdiff_t{2} * 12;
  flipped.row_stride = -12;
  EXPECT_EQ(flipped.crop({0, 2, 1, 1}).data, reinterpret_cast<const std::byte*>(pixels()));
}

TEST_F(ImageViewTest, ACropMustLieInside) {
  constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
  for (const Rect window :
       {Rect{-1, 0, 1, 1}, Rect{0, -1, 1, 1}, Rect{0, 0, 0, 1}, Rect{0, 0, 1, 0}, Rect{0, 0, 5, 1}, Rect{0, 0, 1, 4},
        Rect{4, 0, 1, 1}, Rect{2, 0, 3, 1}, Rect{1, 0, kMax, 1}, Rect{kMax, kMax, kMax, kMax}}) {
    EXPECT_THROW((void)view().crop(window), ModelInputError) << window.x << ' ' << window.y;
  }
}

}  // namespace
}  // namespace inference_exp
