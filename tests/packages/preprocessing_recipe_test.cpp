#include <gtest/gtest.h>

#include "packages/config_documents.hpp"
#include "packages/inference_config.hpp"

namespace inference_exp::packages {
namespace {

using testing::fullest_config;
using testing::smallest_config;

Preprocessing recipe_of(const nlohmann::json& document) {
  return make_preprocessing(parse_inference_config(document.dump(), "inference_config.json"));
}

TEST(PreprocessingRecipe, CarriesEveryStep) {
  const Preprocessing expected{.static_crop = StaticCrop{.x_min = 10, .y_min = 5, .x_max = 90, .y_max = 95},
                               .grayscale = true,
                               .contrast = ContrastMode::adaptive_equalization,
                               .resize_mode = ResizeMode::letterbox,
                               .resampling = Resampling::opencv_linear,
                               .target = {640, 480},
                               .padding_value = 114,
                               .color_mode = ColorMode::bgr,
                               .scaling_factor = 255.0F,
                               .normalization = Normalization{{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}};
  EXPECT_EQ(recipe_of(fullest_config()), expected);
}

TEST(PreprocessingRecipe, AMissingPaddingValueIsBlackAndMissingStepsStayOut) {
  const Preprocessing expected{.static_crop = {},
                               .grayscale = false,
                               .contrast = {},
                               .resize_mode = ResizeMode::stretch,
                               .resampling = Resampling::opencv_linear,
                               .target = {640, 480},
                               .padding_value = 0,
                               .color_mode = ColorMode::rgb,
                               .scaling_factor = {},
                               .normalization = {}};
  EXPECT_EQ(recipe_of(smallest_config()), expected);
}

TEST(PreprocessingRecipe, LeavesDisabledStepsOut) {
  nlohmann::json document = fullest_config();
  for (const char* step : {"static-crop", "contrast", "grayscale"}) {
    document["image_pre_processing"][step]["enabled"] = false;
  }
  const Preprocessing recipe = recipe_of(document);
  EXPECT_FALSE(recipe.static_crop);
  EXPECT_FALSE(recipe.contrast);
  EXPECT_FALSE(recipe.grayscale);
}

TEST(PreprocessingRecipe, KeepsFitLongerEdgeForTheFamilyToSubstitute) {
  nlohmann::json document = smallest_config();
  document["network_input"]["resize_mode"] = "fit-longer-edge";
  EXPECT_EQ(recipe_of(document).resize_mode, ResizeMode::fit_longer_edge);
}

}  // namespace
}  // namespace inference_exp::packages
