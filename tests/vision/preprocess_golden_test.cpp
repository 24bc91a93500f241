// Whole pre-processing against tensors that the original produced.
#include <gtest/gtest.h>

#include "support/golden.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::vision {
namespace {

Preprocessing golden_recipe(const nlohmann::json& entry) {
  Preprocessing recipe;
  recipe.resize_mode = entry["mode"] == "STRETCH" ? ResizeMode::stretch : ResizeMode::letterbox;
  recipe.target = {entry["target_w"], entry["target_h"]};
  recipe.padding_value = entry["padding"];
  recipe.scaling_factor = 255.0F;
  if (!entry["normalization"].is_null()) {
    recipe.normalization = Normalization{entry["normalization"][0].get<std::array<float, 3>>(),
                                         entry["normalization"][1].get<std::array<float, 3>>()};
  }
  return recipe;
}

void expect_golden(const nlohmann::json& entry, std::span<const float> chw) {
  const std::size_t width = entry["target_w"];
  const std::size_t height = entry["target_h"];
  for (std::size_t i = 0; i < entry["sample"]["idx"].size(); ++i) {
    const auto index = entry["sample"]["idx"][i].get<std::array<std::size_t, 4>>();
    EXPECT_EQ(chw[(index[1] * height + index[2]) * width + index[3]], entry["sample"]["value"][i].get<float>());
  }
  EXPECT_EQ(testing::crc32(std::as_bytes(chw)), entry["crc32_f32_nchw"].get<std::uint32_t>());
}

TEST(PreprocessGolden, BothTwinsEqualTheOriginalToTheBit) {
  REQUIRE_SHARED(path, "spec/golden_vectors.json");
  const auto entries = testing::load_json(path)["july"]["preprocess_numpy"];
  ASSERT_EQ(entries.size(), 4U);
  PreprocessWorkspace workspace;
  for (const auto& entry : entries) {
    SCOPED_TRACE(entry["mode"].dump() + " " + entry["normalization"].dump());
    const auto pixels = testing::golden_image(entry["seed"], entry["h"], entry["w"]);
    const auto image = ImageView::from_u8(pixels.data(), {entry["w"], entry["h"]}, PixelFormat::bgr);
    const Preprocessing recipe = golden_recipe(entry);
    std::vector<float> chw(std::size_t{3} * 64 * 96);
    preprocess_reference(image, recipe, chw);
    expect_golden(entry, chw);
    std::fill(chw.begin(), chw.end(), -1.0F);
    preprocess(image, recipe, chw, workspace);
    expect_golden(entry, chw);
  }
}

}  // namespace
}  // namespace inference_exp::vision
