#include "models/rfdetr_preprocess.hpp"

#include <gmock/gmock.h>

#include "inference_exp/logging.hpp"
#include "models/rfdetr_fixtures.hpp"

namespace inference_exp::models {
namespace {

using ::testing::Each;
using ::testing::FloatNear;
using ::testing::HasSubstr;

struct Picture {
  explicit Picture(Size picture, std::uint32_t seed = 3)
      : size(picture),
        pixels(testing::golden_image(seed, static_cast<std::size_t>(picture.height),
                                     static_cast<std::size_t>(picture.width))) {}
  [[nodiscard]] ImageView view(PixelFormat format = PixelFormat::rgb) const {
    return ImageView::from_u8(pixels.data(), size, format);
  }
  Size size;
  std::vector<std::uint8_t> pixels;
};

struct Prepared {
  std::vector<float> planes;
  PreprocessingMetadata placement;
};

Prepared prepare(const ImageView& image, const packages::InferenceConfig& config) {
  const RfdetrRecipe recipe = make_rfdetr_recipe(config);
  const Size size = config.network_input.training_input_size;
  Prepared result;
  result.planes.resize(3 * static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height));
  RfdetrPixels pixels;
  result.placement = preprocess(image, recipe, result.planes, pixels);
  return result;
}

std::vector<float> plain(const ImageView& image, const Preprocessing& recipe) {
  std::vector<float> planes(3 * static_cast<std::size_t>(recipe.target.width) *
                            static_cast<std::size_t>(recipe.target.height));
  (void)vision::preprocess_reference(image, recipe, planes);
  return planes;
}

/// Pillow's stretch, as training does it.
Preprocessing pillow_stretch(Size target) {
  Preprocessing recipe;
  recipe.resampling = Resampling::pillow_bilinear;
  recipe.target = target;
  recipe.scaling_factor = 255.F;
  return recipe;
}

TEST(RfdetrPixels, AreStretchedAsPillowDoes) {
  const Picture picture({61, 43});
  packages::InferenceConfig config = testing::stretch_config(28);
  config.network_input.normalization = imagenet_normalization();
  Preprocessing expected = pillow_stretch({28, 28});
  expected.normalization = imagenet_normalization();
  EXPECT_EQ(prepare(picture.view(), config).planes, plain(picture.view(), expected));
}

TEST(RfdetrPixels, AreScaledAsBytesWhereTheConfigurationNormalizesOrSaysNothing) {
  const Picture picture({28, 28});
  packages::InferenceConfig config = testing::stretch_config(28);
  config.network_input.scaling_factor.reset();
  EXPECT_EQ(prepare(picture.view(), config).planes, plain(picture.view(), pillow_stretch({28, 28})));
  config.network_input.scaling_factor = 2;
  EXPECT_FLOAT_EQ(prepare(picture.view(), config).planes[0], static_cast<float>(picture.pixels[0]) / 2);
  config.network_input.normalization = Normalization{};
  EXPECT_EQ(prepare(picture.view(), config).planes, plain(picture.view(), pillow_stretch({28, 28})));
}

TEST(RfdetrPixels, WithoutDataSetDimensionsAreStretchedWhateverTheModeSays) {
  const Picture picture({61, 43});
  for (const ResizeMode mode : {ResizeMode::letterbox, ResizeMode::center_crop, ResizeMode::letterbox_reflect_edges}) {
    packages::InferenceConfig config = testing::stretch_config(28);
    config.network_input.resize_mode = mode;
    const Prepared prepared = prepare(picture.view(), config);
    EXPECT_EQ(prepared.planes, plain(picture.view(), pillow_stretch({28, 28})));
    EXPECT_EQ(prepared.placement.inference_size, (Size{28, 28}));
    EXPECT_EQ(prepared.placement.pad_top, 0);
  }
}

TEST(RfdetrPixels, WithFitLongerEdgeAreStretchedWithAWarning) {
  std::string warning;
  set_log_callback([&](LogLevel, std::string_view text) { warning = text; });
  packages::InferenceConfig config = testing::stretch_config(28);
  config.network_input.resize_mode = ResizeMode::fit_longer_edge;
  config.network_input.dataset_version_resize_dimensions = Size{40, 40};
  const RfdetrRecipe recipe = make_rfdetr_recipe(config);
  set_log_callback({});
  EXPECT_FALSE(recipe.to_data_set.has_value());
  EXPECT_EQ(recipe.to_network.resize_mode, ResizeMode::stretch);
  EXPECT_THAT(warning, HasSubstr("stretch"));
}

TEST(RfdetrPixels, OfADataSetThatWasStretchedAreStretchedOnce) {
  packages::InferenceConfig config = testing::stretch_config(28);
  config.network_input.dataset_version_resize_dimensions = Size{40, 20};
  EXPECT_FALSE(make_rfdetr_recipe(config).to_data_set.has_value());
}

packages::InferenceConfig two_steps(ResizeMode mode, Size first, std::int32_t second) {
  packages::InferenceConfig config = testing::stretch_config(second);
  config.network_input.resize_mode = mode;
  config.network_input.dataset_version_resize_dimensions = first;
  config.network_input.padding_value = 255;
  return config;
}

TEST(RfdetrPixels, InTwoStepsAreLetterboxedAsOpenCvDoesAndThenStretched) {
  const Picture picture({61, 43});
  Preprocessing letterbox;
  letterbox.resize_mode = ResizeMode::letterbox;
  letterbox.target = {28, 28};
  letterbox.padding_value = 255;
  letterbox.scaling_factor = 255.F;
  // A second step to the same size changes nothing.
  EXPECT_EQ(prepare(picture.view(), two_steps(ResizeMode::letterbox, {28, 28}, 28)).planes,
            plain(picture.view(), letterbox));
  // A channel order other than the network's is swapped once.
  EXPECT_EQ(prepare(picture.view(PixelFormat::bgr), two_steps(ResizeMode::letterbox, {28, 28}, 28)).planes,
            plain(picture.view(PixelFormat::bgr), letterbox));
}

TEST(RfdetrPixels, InTwoStepsTellWhereTheFirstStepPutThem) {
  const testing::GreyImage grey({80, 40}, 51);
  const Prepared prepared = prepare(grey.view(), two_steps(ResizeMode::letterbox, {40, 60}, 28));
  EXPECT_EQ(prepared.placement.inference_size, (Size{28, 28}));
  EXPECT_EQ(prepared.placement.intermediate_size, (Size{40, 60}));
  EXPECT_EQ(prepared.placement.pad_top, 20);
  EXPECT_EQ(prepared.placement.scale_width, 0.5);
  EXPECT_EQ(prepared.planes[0], 1.F) << "padding";
  EXPECT_FLOAT_EQ(prepared.planes[14 * 28 + 14], 0.2F) << "the picture's grey";
}

TEST(RfdetrPixels, InTwoStepsAreEnhancedOnceAndMayBeCropped) {
  const Picture picture({60, 60});
  packages::InferenceConfig config = two_steps(ResizeMode::center_crop, {28, 28}, 28);
  config.image_pre_processing.grayscale = true;
  config.image_pre_processing.static_crop = packages::StaticCropStep{true, {0, 0, 50, 50}};
  const Prepared prepared = prepare(picture.view(), config);
  EXPECT_EQ(prepared.placement.size_after_pre_processing, (Size{30, 30}));
  Preprocessing once;
  once.static_crop = StaticCrop{0, 0, 50, 50};
  once.grayscale = true;
  once.resize_mode = ResizeMode::center_crop;
  once.target = {28, 28};
  once.scaling_factor = 255.F;
  EXPECT_EQ(prepared.planes, plain(picture.view(), once));
}

TEST(RfdetrPixels, OfFloatsBecomeBytesBetweenTheSteps) {
  const std::vector<float> floats(std::size_t{8} * 8 * 3, 50.7F);
  const Prepared prepared = prepare(ImageView::from_f32(floats.data(), {8, 8}, PixelFormat::rgb),
                                    two_steps(ResizeMode::letterbox, {8, 8}, 8));
  EXPECT_THAT(prepared.planes, Each(FloatNear(51.F / 255, 1e-6F)));
}

TEST(RfdetrEnvironment, GetsImagenetsNormalizationAndKeepsItsLetterbox) {
  packages::InferenceConfig stretch = testing::stretch_config(28);
  complete_rfdetr_environment(stretch);
  EXPECT_EQ(stretch.network_input.normalization, imagenet_normalization());
  EXPECT_FALSE(make_rfdetr_recipe(stretch).to_data_set.has_value());

  packages::InferenceConfig letterbox = testing::letterbox_config(28);
  complete_rfdetr_environment(letterbox);
  EXPECT_EQ(make_rfdetr_recipe(letterbox).to_data_set->target, (Size{28, 28}));
}

}  // namespace
}  // namespace inference_exp::models
