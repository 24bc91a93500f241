// What pre-processing promises, by example.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "inference_exp/errors.hpp"
#include "support/allocation_counter.hpp"
#include "vision/preprocess.hpp"
#include "vision/preprocess_scenes.hpp"

namespace inference_exp::vision {
namespace {

using testing::letterbox_recipe;
using testing::NoisePicture;

std::vector<float> run(const ImageView& image, const Preprocessing& recipe) {
  const Size size = plan(recipe, image.size).inference_size;
  std::vector<float> chw(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3);
  PreprocessWorkspace workspace;
  preprocess(image, recipe, chw, workspace);
  return chw;
}

TEST(PreprocessBehaviour, PadsSwapsAndScales) {
  const std::array<std::uint8_t, 6> blue_then_green{255, 0, 0, 0, 255, 0};  // BGR
  Preprocessing recipe = letterbox_recipe({2, 3});
  recipe.padding_value = 51;
  const auto chw = run(ImageView::from_u8(blue_then_green.data(), {2, 1}, PixelFormat::bgr), recipe);
  const float pad = 51.0F / 255.0F;
  const std::vector<float> expected{pad, pad, 0, 0, pad, pad,   // red
                                    pad, pad, 0, 1, pad, pad,   // green
                                    pad, pad, 1, 0, pad, pad};  // blue
  EXPECT_EQ(chw, expected);
}

TEST(PreprocessBehaviour, SwapsOnlyWhenTheOrdersDiffer) {
  const std::array<std::uint8_t, 4> pixel{10, 20, 30, 99};
  Preprocessing recipe = letterbox_recipe({1, 1});
  recipe.scaling_factor.reset();
  const auto result = [&](PixelFormat format, ColorMode mode) {
    recipe.color_mode = mode;
    return run(ImageView::from_u8(pixel.data(), {1, 1}, format), recipe);
  };
  const std::vector<float> kept{10, 20, 30};
  const std::vector<float> swapped{30, 20, 10};
  EXPECT_EQ(result(PixelFormat::bgr, ColorMode::bgr), kept);
  EXPECT_EQ(result(PixelFormat::rgba, ColorMode::rgb), kept);
  EXPECT_EQ(result(PixelFormat::bgra, ColorMode::rgb), swapped);
  EXPECT_EQ(result(PixelFormat::rgb, ColorMode::bgr), swapped);
  EXPECT_EQ(result(PixelFormat::gray, ColorMode::rgb), (std::vector<float>{10, 10, 10}));
}

TEST(PreprocessBehaviour, NormalisesThePaddingToo) {
  const std::array<std::uint8_t, 3> pixel{0, 0, 0};
  Preprocessing recipe = letterbox_recipe({1, 2});
  recipe.padding_value = 255;
  recipe.normalization = Normalization{{0.5F, 0.25F, 0.0F}, {0.5F, 0.5F, 2.0F}};
  const auto chw = run(ImageView::from_u8(pixel.data(), {1, 1}, PixelFormat::bgr), recipe);
  EXPECT_EQ(chw, (std::vector<float>{-1.0F, 1.0F, -0.5F, 1.5F, 0.0F, 0.5F}));
}

TEST(PreprocessBehaviour, GrayscaleKnowsWhichEndRedIs) {
  const std::array<std::uint8_t, 3> pixel{10, 20, 30};
  Preprocessing recipe = letterbox_recipe({1, 1});
  recipe.scaling_factor.reset();
  recipe.grayscale = true;
  EXPECT_EQ(run(ImageView::from_u8(pixel.data(), {1, 1}, PixelFormat::bgr), recipe)[0], 22.0F);
  EXPECT_EQ(run(ImageView::from_u8(pixel.data(), {1, 1}, PixelFormat::rgb), recipe)[0], 18.0F);
}

TEST(PreprocessBehaviour, ContrastSeesTheStaticCropOnly) {
  // The crop holds 0 and 100, which stretch to 0 and 255; the 200 outside must not count.
  const std::array<std::uint8_t, 4> pixels{0, 100, 200, 200};
  Preprocessing recipe;
  recipe.target = {2, 1};
  recipe.static_crop = StaticCrop{0, 0, 50, 100};
  recipe.contrast = ContrastMode::contrast_stretching;
  const auto chw = run(ImageView::from_u8(pixels.data(), {4, 1}, PixelFormat::gray), recipe);
  EXPECT_EQ(chw, (std::vector<float>{0, 255, 0, 255, 0, 255}));
}

TEST(PreprocessBehaviour, ComputesOnlyWhatTheCropKeeps) {
  // The whole resized picture would have 224 x 14,679,840 pixels.
  const std::vector<std::uint8_t> line(65535, 7);
  Preprocessing recipe;
  recipe.resampling = Resampling::torch_bicubic;
  recipe.resize_mode = ResizeMode::shortest_edge_center_crop;
  recipe.target = {224, 224};
  for (const Size size : {Size{65535, 1}, Size{1, 65535}}) {
    const auto chw = run(ImageView::from_u8(line.data(), size, PixelFormat::gray), recipe);
    EXPECT_EQ(chw, std::vector<float>(chw.size(), 7.0F));
  }
}

TEST(PreprocessBehaviour, RefusesABufferOfTheWrongSize) {
  const std::array<std::uint8_t, 3> pixel{10, 20, 30};
  const auto image = ImageView::from_u8(pixel.data(), {1, 1}, PixelFormat::bgr);
  std::vector<float> chw(3 * 4 * 4 - 1);
  PreprocessWorkspace workspace;
  EXPECT_THROW(preprocess(image, letterbox_recipe({4, 4}), chw, workspace), InvalidParameterError);
  EXPECT_THROW(preprocess_reference(image, letterbox_recipe({4, 4}), chw), InvalidParameterError);
}

TEST(PreprocessBehaviour, RefusesAnEmptyPicture) {
  std::vector<float> chw(3 * 4 * 4);
  PreprocessWorkspace workspace;
  EXPECT_THROW(preprocess(ImageView{}, letterbox_recipe({4, 4}), chw, workspace), ModelInputError);
}

TEST(PreprocessBehaviour, AllocatesNothingOnceWarm) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns the heap";
  for (const PixelType type : {PixelType::u8, PixelType::f32}) {
    const NoisePicture picture({200, 150}, PixelFormat::bgr, type, 0, false, 1);
    for (int variant = 0; variant < 8; ++variant) {
      Preprocessing recipe = letterbox_recipe({64, 64});
      if (variant == 1) recipe.resampling = Resampling::pillow_bilinear;
      if (variant == 2) recipe.grayscale = true;
      if (variant == 6) recipe.resampling = Resampling::torch_bilinear;
      if (variant == 7) {
        recipe.resampling = Resampling::torch_bicubic;
        recipe.resize_mode = ResizeMode::shortest_edge_center_crop;
      }
      if (variant >= 3 && variant < 6) recipe.contrast = static_cast<ContrastMode>(variant - 3);
      std::vector<float> chw(3 * 64 * 64);
      PreprocessWorkspace workspace;
      preprocess(picture.view(), recipe, chw, workspace);
      const std::size_t before = testing::allocations();
      preprocess(picture.view(), recipe, chw, workspace);
      EXPECT_EQ(testing::allocations() - before, 0U) << "variant " << variant;
    }
  }
}

TEST(PreprocessBehaviour, NamesItsInstructionSet) { EXPECT_FALSE(simd_target().empty()); }

}  // namespace
}  // namespace inference_exp::vision
