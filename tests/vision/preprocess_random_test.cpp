// The fast pre-processing against its plain twin, on random pictures and recipes.
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "inference_exp/errors.hpp"
#include "vision/preprocess.hpp"
#include "vision/preprocess_scenes.hpp"

namespace inference_exp::vision {
namespace {

using testing::GuardedBytes;
using testing::imagenet_normalization;
using testing::letterbox_recipe;
using testing::NoisePicture;

constexpr std::array kFormats{PixelFormat::bgr, PixelFormat::rgb, PixelFormat::gray, PixelFormat::bgra,
                              PixelFormat::rgba};

std::size_t planes_size(const Preprocessing& recipe, Size image) {
  const Size size = plan(recipe, image).inference_size;
  return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3;
}

// Both twins on one picture; floats may differ by 1e-4 of the full range, bytes not at all.
void expect_twins_agree(const ImageView& image, const Preprocessing& recipe, PreprocessWorkspace& workspace) {
  std::vector<float> expected(planes_size(recipe, image.size), -1.0F);
  const GuardedBytes slot(expected.size() * sizeof(float));
  const std::span<float> actual(reinterpret_cast<float*>(slot.bytes().data()), expected.size());
  const auto expected_metadata = preprocess_reference(image, recipe, expected);
  const auto actual_metadata = preprocess(image, recipe, actual, workspace);
  ASSERT_EQ(expected_metadata, actual_metadata);
  if (image.type == PixelType::u8) {
    const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
    ASSERT_TRUE(std::ranges::equal(expected, actual, {}, bits, bits));
    return;
  }
  float range = 255.0F / recipe.scaling_factor.value_or(1.0F);
  if (recipe.normalization) range /= recipe.normalization->std[0];
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(expected[i], actual[i], 1e-4F * range) << i;
}

class RandomRecipes {
 public:
  explicit RandomRecipes(std::uint32_t seed) : random_(seed) {}

  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }

  // Mostly small, sometimes long and thin: edges are where errors live.
  Size size(int limit) {
    return chance(10) ? Size{pick(1, limit * 6), pick(1, 4)} : Size{pick(1, limit), pick(1, limit)};
  }

  Preprocessing recipe() {
    constexpr std::array kModes{ResizeMode::stretch, ResizeMode::letterbox, ResizeMode::center_crop,
                                ResizeMode::fit_longer_edge, ResizeMode::letterbox_reflect_edges};
    Preprocessing recipe;
    recipe.resize_mode = kModes[static_cast<std::size_t>(pick(0, 4))];
    recipe.target = size(90);
    constexpr std::array kResamplings{Resampling::pillow_bilinear, Resampling::torch_bilinear,
                                      Resampling::torch_bicubic};
    recipe.resampling = chance(50) ? Resampling::opencv_linear : kResamplings[static_cast<std::size_t>(pick(0, 2))];
    recipe.padding_value = pick(0, 255);
    recipe.color_mode = chance(50) ? ColorMode::rgb : ColorMode::bgr;
    if (chance(80)) recipe.scaling_factor = chance(70) ? 255.0F : static_cast<float>(pick(1, 60000)) / 117.0F;
    if (chance(50)) recipe.normalization = imagenet_normalization();
    if (chance(10)) recipe.normalization = Normalization{{123.675F, 116.28F, 103.53F}, {58.395F, 57.12F, 57.375F}};
    if (chance(20)) recipe.static_crop = StaticCrop{pick(0, 40), pick(0, 40), pick(60, 100), pick(60, 100)};
    recipe.grayscale = chance(10);
    if (chance(10)) recipe.contrast = static_cast<ContrastMode>(pick(0, 2));
    return recipe;
  }

  // What CLIP and Perception Encoder use, with targets on both sides of most pictures' sizes.
  Preprocessing torch_recipe() {
    Preprocessing recipe;
    recipe.resampling = chance(50) ? Resampling::torch_bicubic : Resampling::torch_bilinear;
    recipe.resize_mode = ResizeMode::shortest_edge_center_crop;
    const int side = pick(1, 300);
    recipe.target = {side, side};
    if (chance(40)) {
      recipe.resize_mode = ResizeMode::stretch;
      recipe.target.height = pick(1, 300);
    }
    recipe.scaling_factor = 255.0F;
    if (chance(50)) recipe.normalization = imagenet_normalization();
    return recipe;
  }

  NoisePicture picture(Size size, PixelType type) {
    const std::ptrdiff_t padding = chance(50) ? 0 : pick(1, 37) * pixel_type_size(type);
    return {size,       kFormats[static_cast<std::size_t>(pick(0, 4))], type, padding,
            chance(30), static_cast<std::uint32_t>(pick(0, 1 << 30))};
  }

 private:
  std::mt19937 random_;
};

bool leaves_pixels(const Preprocessing& recipe, Size image) {
  try {
    (void)plan(recipe, image);
    return true;
  } catch (const ModelInputError&) {
    return false;
  }
}

void compare_random_pictures(int rounds, PixelType type, std::uint32_t seed) {
  RandomRecipes random(seed);
  PreprocessWorkspace workspace;
  int compared = 0;
  for (int round = 0; round < rounds; ++round) {
    const Preprocessing recipe = random.recipe();
    Size size = random.size(120);
    if (random.chance(15)) size = {recipe.target.width * random.pick(1, 3), recipe.target.height * random.pick(1, 3)};
    const NoisePicture picture = random.picture(size, type);
    if (!leaves_pixels(recipe, size)) continue;
    SCOPED_TRACE(::testing::Message() << "seed " << seed << ", round " << round << ": " << size.width << "x"
                                      << size.height << " to " << recipe.target.width << "x" << recipe.target.height
                                      << ", mode " << static_cast<int>(recipe.resize_mode) << ", format "
                                      << static_cast<int>(picture.view().format));
    ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view(), recipe, workspace));
    ++compared;
  }
  EXPECT_GT(compared, rounds * 8 / 10);
}

void compare_torch_pictures(int rounds, PixelType type, std::uint32_t seed) {
  RandomRecipes random(seed);
  PreprocessWorkspace workspace;
  for (int round = 0; round < rounds; ++round) {
    const Preprocessing recipe = random.torch_recipe();
    Size size{random.pick(1, 300), random.pick(1, 300)};
    if (random.chance(10)) size = recipe.target;
    const NoisePicture picture = random.picture(size, type);
    SCOPED_TRACE(::testing::Message() << "seed " << seed << ", round " << round << ": " << size.width << "x"
                                      << size.height << " to " << recipe.target.width << "x" << recipe.target.height
                                      << ", mode " << static_cast<int>(recipe.resize_mode) << ", format "
                                      << static_cast<int>(picture.view().format));
    ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view(), recipe, workspace));
  }
}

// Runs the test on each instruction set that was compiled and that this machine has.
class OnEveryTarget : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST_P(OnEveryTarget, BytesAreEqualToTheBit) {
  EXPECT_EQ(simd_target(), hwy::TargetName(GetParam()));
  compare_random_pictures(1500, PixelType::u8, 1);
}

TEST_P(OnEveryTarget, BytesResizedAsTorchDoesAreEqualToTheBit) { compare_torch_pictures(150, PixelType::u8, 9); }

TEST_P(OnEveryTarget, WholePicturesAreEqualToTheBit) {
  PreprocessWorkspace workspace;
  const NoisePicture picture({1920, 1080}, PixelFormat::bgr, PixelType::u8, 1, false, 3);
  const NoisePicture vga({640, 480}, PixelFormat::bgra, PixelType::u8, 0, true, 4);
  Preprocessing normalized = letterbox_recipe({640, 640});
  normalized.normalization = imagenet_normalization();
  for (const Preprocessing& recipe : {letterbox_recipe({640, 640}), normalized, letterbox_recipe({1000, 700})}) {
    ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view(), recipe, workspace));
    ASSERT_NO_FATAL_FAILURE(expect_twins_agree(vga.view(), recipe, workspace));
  }
  normalized.target = {224, 224};
  normalized.resampling = Resampling::torch_bicubic;
  normalized.resize_mode = ResizeMode::shortest_edge_center_crop;
  ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view(), normalized, workspace));
  ASSERT_NO_FATAL_FAILURE(expect_twins_agree(vga.view(), normalized, workspace));
}

INSTANTIATE_TEST_SUITE_P(Preprocess, OnEveryTarget, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

TEST(Preprocess, FloatsAgree) { compare_random_pictures(1500, PixelType::f32, 2); }

TEST(Preprocess, FloatsResizedAsTorchDoesAgree) { compare_torch_pictures(100, PixelType::f32, 10); }

TEST(Preprocess, ReadsWindowsOfLargerPictures) {
  const NoisePicture picture({200, 100}, PixelFormat::rgb, PixelType::u8, 5, true, 8);
  PreprocessWorkspace workspace;
  RandomRecipes random(5);
  for (int round = 0; round < 200; ++round) {
    const Size size{random.pick(1, 200), random.pick(1, 100)};
    const Rect window{random.pick(0, 200 - size.width), random.pick(0, 100 - size.height), size.width, size.height};
    Preprocessing recipe = letterbox_recipe({64, 48});
    if (!leaves_pixels(recipe, size)) recipe.resize_mode = ResizeMode::stretch;
    ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view().crop(window), recipe, workspace));
  }
}

TEST(Preprocess, SurvivesTheExtremes) {
  PreprocessWorkspace workspace;
  Preprocessing recipe = letterbox_recipe({64, 40});
  recipe.resize_mode = ResizeMode::stretch;
  for (const Resampling resampling : {Resampling::opencv_linear, Resampling::pillow_bilinear,
                                      Resampling::torch_bilinear, Resampling::torch_bicubic}) {
    recipe.resampling = resampling;
    for (const Size size : {Size{1, 1}, Size{2, 1}, Size{3, 3}, Size{65535, 2}, Size{1, 65535}, Size{4096, 33}}) {
      for (const PixelFormat format : kFormats) {
        SCOPED_TRACE(::testing::Message() << size.width << "x" << size.height);
        const NoisePicture picture(size, format, PixelType::u8, 0, false, 6);
        ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view(), recipe, workspace));
      }
    }
  }
}

TEST(Preprocess, EnlargesSteeply) {
  // Most columns lie too near the row's end for vector reads here, and weights fall on the middle between two steps.
  PreprocessWorkspace workspace;
  Preprocessing recipe = letterbox_recipe({1, 3});
  recipe.resize_mode = ResizeMode::stretch;
  for (const int width : {1024, 2048, 4095, 4096, 6144, 8192}) {
    recipe.target.width = width;
    for (int source = 1; source < 12; ++source) {
      const NoisePicture picture({source, 2}, PixelFormat::bgr, PixelType::u8, 0, false, 6);
      ASSERT_NO_FATAL_FAILURE(expect_twins_agree(picture.view(), recipe, workspace));
    }
  }
}

TEST(Preprocess, FollowsEveryChangeOfRecipeWithOneWorkspace) {
  const NoisePicture picture({50, 40}, PixelFormat::bgr, PixelType::u8, 0, false, 7);
  PreprocessWorkspace workspace;
  Preprocessing recipe = letterbox_recipe({64, 64});
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.scaling_factor = 127.5F;
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.normalization = imagenet_normalization();
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.color_mode = ColorMode::bgr;
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.resampling = Resampling::pillow_bilinear;
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.resampling = Resampling::torch_bilinear;
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.resampling = Resampling::torch_bicubic;
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.padding_value = 3;
  expect_twins_agree(picture.view(), recipe, workspace);
  recipe.resize_mode = ResizeMode::shortest_edge_center_crop;
  expect_twins_agree(picture.view(), recipe, workspace);
}

}  // namespace
}  // namespace inference_exp::vision
