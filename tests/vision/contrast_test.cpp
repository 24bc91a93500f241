// Grayscale and contrast steps.
#include "vision/contrast.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/golden.hpp"

namespace inference_exp::vision {
namespace {

std::vector<std::uint8_t> gray_pixels(std::initializer_list<int> values) {
  std::vector<std::uint8_t> pixels;
  for (const int value : values) pixels.insert(pixels.end(), 3, static_cast<std::uint8_t>(value));
  return pixels;
}

std::vector<float> as_floats(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Grayscale, EqualsOpenCv) {
  REQUIRE_SHARED(path, "spec/golden_vectors.json");
  const auto entries = testing::load_json(path)["primitives"]["gray"];
  ASSERT_FALSE(entries.empty());
  for (const auto& entry : entries) {
    SCOPED_TRACE(entry.dump());
    for (const bool rgb : {false, true}) {
      auto pixels = entry["bgr"].get<std::vector<std::uint8_t>>();
      const std::uint8_t expected = entry[rgb ? "cv2_rgb2gray" : "cv2_bgr2gray"];
      auto floats = as_floats(pixels);
      to_grayscale(pixels, rgb);
      EXPECT_EQ(pixels, std::vector<std::uint8_t>(3, expected));
      to_grayscale(floats, rgb);
      EXPECT_NEAR(floats[1], expected, 0.51);
    }
  }
}

TEST(Grayscale, LeavesGrayAlone) {
  std::vector<std::uint8_t> pixels;
  for (int level = 0; level < 256; ++level) pixels.insert(pixels.end(), 3, static_cast<std::uint8_t>(level));
  auto result = pixels;
  to_grayscale(result, true);
  EXPECT_EQ(result, pixels);
}

TEST(ContrastStretching, MapsThePercentilesToTheFullRange) {
  // 0...100, each three times: 303 values. numpy: percentile 2 is 2.0, percentile 98 is 98.0.
  std::vector<std::uint8_t> pixels;
  for (int level = 0; level <= 100; ++level) pixels.insert(pixels.end(), 3, static_cast<std::uint8_t>(level));
  auto floats = as_floats(pixels);
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::contrast_stretching, {101, 1}, pixels, scratch);
  enhance_contrast(ContrastMode::contrast_stretching, {101, 1}, floats, scratch);
  EXPECT_EQ(pixels[0], 0);
  EXPECT_EQ(pixels[3 * 2], 0);
  EXPECT_EQ(pixels[3 * 3], 2);     // 1 / 96 * 255 = 2.66, truncated
  EXPECT_EQ(pixels[3 * 50], 127);  // 48 / 96 * 255 = 127.5, truncated
  EXPECT_EQ(pixels[3 * 98], 255);
  EXPECT_EQ(pixels[3 * 100], 255);
  EXPECT_FLOAT_EQ(floats[3 * 50], 127.5F);
}

TEST(ContrastStretching, InterpolatesBetweenOrderStatistics) {
  // Six values 0 0 0 100 100 100: the percentiles are 0 and 100. With one 100 of three pixels, percentile 98 of
  // 0 0 0 0 0 0 100 100 100 is 100; percentile 2 is 0.
  auto pixels = gray_pixels({0, 0, 100});
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::contrast_stretching, {3, 1}, pixels, scratch);
  EXPECT_EQ(pixels, gray_pixels({0, 0, 255}));
  // 10 20 30: position 0.98 * 2 = 1.96 between 20 and 30 gives 29.6; 0.04 gives 10.4.
  std::vector<std::uint8_t> one_pixel{10, 20, 30};
  enhance_contrast(ContrastMode::contrast_stretching, {1, 1}, one_pixel, scratch);
  EXPECT_EQ(one_pixel, (std::vector<std::uint8_t>{0, 127, 255}));
}

TEST(ContrastStretching, OnlyClipsAPictureOfOneLevel) {
  auto pixels = gray_pixels({77, 77, 77, 77});
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::contrast_stretching, {2, 2}, pixels, scratch);
  EXPECT_EQ(pixels, gray_pixels({77, 77, 77, 77}));
}

TEST(HistogramEqualization, SpreadsLevelsByTheirShare) {
  // Bins at 0, 128 (the middle) and 255 hold a quarter, a quarter and a half of the values.
  auto pixels = gray_pixels({0, 128, 255, 255});
  auto floats = as_floats(pixels);
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::histogram_equalization, {2, 2}, pixels, scratch);
  enhance_contrast(ContrastMode::histogram_equalization, {2, 2}, floats, scratch);
  EXPECT_EQ(pixels[0], 63);  // 0.25 * 255 = 63.75
  EXPECT_EQ(pixels[6], 255);
  EXPECT_EQ(pixels[9], 255);
  EXPECT_FLOAT_EQ(floats[0], 63.75F);
  EXPECT_FLOAT_EQ(floats[9], 255.0F);
  EXPECT_GE(pixels[3], pixels[0]);
  EXPECT_LE(pixels[3], 128);
}

TEST(HistogramEqualization, KeepsTheOrderOfLevels) {
  auto pixels = testing::golden_image(3, 40, 30);
  const auto before = pixels;
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::histogram_equalization, {30, 40}, pixels, scratch);
  for (std::size_t i = 1; i < pixels.size(); ++i) {
    if (before[i - 1] < before[i]) {
      ASSERT_LE(pixels[i - 1], pixels[i]);
    }
  }
  EXPECT_EQ(*std::max_element(pixels.begin(), pixels.end()), 255);
}

// Dim noise on a ramp: what adaptive equalisation is for.
std::vector<std::uint8_t> dim_scene(Size size) {
  testing::Lcg random(9);
  std::vector<std::uint8_t> pixels;
  for (std::int32_t y = 0; y < size.height; ++y) {
    for (std::int32_t x = 0; x < size.width; ++x) {
      const auto level = static_cast<std::uint8_t>(40 + 30 * x / size.width + random.byte() % 8);
      pixels.insert(pixels.end(), 3, level);
    }
  }
  return pixels;
}

TEST(AdaptiveEqualization, UsesTheFullRangeAndRaisesLocalContrast) {
  const Size size{96, 64};
  auto pixels = dim_scene(size);
  const auto before = pixels;
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::adaptive_equalization, size, pixels, scratch);
  EXPECT_EQ(*std::min_element(pixels.begin(), pixels.end()), 0);
  EXPECT_EQ(*std::max_element(pixels.begin(), pixels.end()), 255);
  const auto roughness = [](const std::vector<std::uint8_t>& p) {
    double sum = 0;
    for (std::size_t i = 3; i < p.size(); ++i) sum += std::abs(p[i] - p[i - 3]);
    return sum;
  };
  EXPECT_GT(roughness(pixels), 2 * roughness(before));
}

TEST(AdaptiveEqualization, KeepsHueAndSaturation) {
  const Size size{64, 64};
  auto pixels = dim_scene(size);
  for (std::size_t i = 0; i < pixels.size(); i += 3) pixels[i] = static_cast<std::uint8_t>(pixels[i] / 2);
  ContrastScratch scratch;
  enhance_contrast(ContrastMode::adaptive_equalization, size, pixels, scratch);
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    ASSERT_EQ(pixels[i + 1], pixels[i + 2]);
    ASSERT_NEAR(pixels[i], pixels[i + 1] / 2.0, 4);
  }
}

TEST(AdaptiveEqualization, WorksOnAnySizeAndLeavesFlatPicturesAlone) {
  ContrastScratch scratch;
  for (const Size size : {Size{1, 1}, Size{1, 9}, Size{7, 3}, Size{17, 130}}) {
    auto pixels = dim_scene(size);
    auto floats = as_floats(pixels);
    enhance_contrast(ContrastMode::adaptive_equalization, size, pixels, scratch);
    enhance_contrast(ContrastMode::adaptive_equalization, size, floats, scratch);
    for (std::size_t i = 0; i < pixels.size(); ++i) ASSERT_NEAR(pixels[i], floats[i], 1.001);
  }
  auto flat = gray_pixels({9, 9, 9, 9});
  enhance_contrast(ContrastMode::adaptive_equalization, {2, 2}, flat, scratch);
  EXPECT_EQ(flat, gray_pixels({9, 9, 9, 9}));
}

}  // namespace
}  // namespace inference_exp::vision
