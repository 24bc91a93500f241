// The plain resamplers against values that OpenCV and Pillow produced.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/golden.hpp"
#include "vision/resample_axis.hpp"
#include "vision/resize_reference.hpp"
#include "vision/resize_taps.hpp"

namespace inference_exp::vision {
namespace {

Raster<std::uint8_t> golden_raster(const nlohmann::json& entry) {
  Raster<std::uint8_t> image({entry["w"], entry["h"]}, 0);
  image.values = testing::golden_image(entry["seed"], entry["h"], entry["w"]);
  return image;
}

void expect_golden(const Raster<std::uint8_t>& result, const nlohmann::json& entry) {
  const auto first = entry["first8"].get<std::vector<std::uint8_t>>();
  EXPECT_TRUE(std::equal(first.begin(), first.end(), result.values.begin()));
  EXPECT_EQ(testing::crc32(std::as_bytes(std::span(result.values))), entry["crc32"].get<std::uint32_t>());
}

TEST(Resize, LinearEqualsOpenCvToTheBit) {
  REQUIRE_SHARED(path, "spec/golden_vectors.json");
  const auto entries = testing::load_json(path)["primitives"]["cv2_resize_linear_u8"];
  ASSERT_FALSE(entries.empty());
  for (const auto& entry : entries) {
    SCOPED_TRACE(entry.dump());
    expect_golden(resize_linear_reference(golden_raster(entry), {entry["dw"], entry["dh"]}), entry);
  }
}

TEST(Resize, BilinearEqualsPillowToTheBit) {
  REQUIRE_SHARED(path, "spec/golden_vectors.json");
  const auto entries = testing::load_json(path)["primitives"]["pil_resize_bilinear_u8"];
  ASSERT_FALSE(entries.empty());
  for (const auto& entry : entries) {
    SCOPED_TRACE(entry.dump());
    expect_golden(resize_pillow_reference(golden_raster(entry), {entry["dw"], entry["dh"]}), entry);
  }
}

TEST(Resize, ExactHalfIsTheRoundedMeanOfFour) {
  Raster<std::uint8_t> image({2, 2}, 0);
  image.values = {0, 10, 255, 1, 10, 255, 0, 10, 255, 1, 11, 255};
  EXPECT_EQ(resize_linear_reference(image, {1, 1}).values, (std::vector<std::uint8_t>{1, 10, 255}));
}

TEST(Resize, SameSizeIsACopy) {
  Raster<std::uint8_t> image({3, 2}, 0);
  image.values = testing::golden_image(1, 2, 3);
  EXPECT_EQ(resize_linear_reference(image, {3, 2}).values, image.values);
  EXPECT_EQ(resize_pillow_reference(image, {3, 2}).values, image.values);
  EXPECT_EQ(resize_torch_reference(image, {3, 2}, AntialiasFilter::bicubic).values, image.values);
}

TEST(Resize, AWholeStepPicksPixelsUnchanged) {
  // 9 -> 3: the centres of the outputs fall on the centres of pixels 1, 4 and 7.
  Raster<std::uint8_t> image({9, 3}, 0);
  image.values = testing::golden_image(5, 3, 9);
  const auto result = resize_linear_reference(image, {3, 1});
  for (std::int32_t x = 0; x < 3; ++x) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(result.pixel(x, 0)[c], image.pixel(3 * x + 1, 1)[c]);
  }
}

TEST(Resize, FloatsFollowTheBytesWithoutRounding) {
  Raster<std::uint8_t> bytes({31, 20}, 0);
  bytes.values = testing::golden_image(7, 20, 31);
  Raster<float> floats({31, 20}, 0.0F);
  floats.values.assign(bytes.values.begin(), bytes.values.end());
  for (const Size target : {Size{80, 77}, Size{12, 9}, Size{31, 40}}) {
    const auto near = [](const std::vector<std::uint8_t>& expected, const std::vector<float>& actual) {
      ASSERT_EQ(expected.size(), actual.size());
      for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(expected[i], actual[i], 1.01) << i;
    };
    near(resize_linear_reference(bytes, target).values, resize_linear_reference(floats, target).values);
    near(resize_pillow_reference(bytes, target).values, resize_pillow_reference(floats, target).values);
    near(resize_torch_reference(bytes, target, AntialiasFilter::bilinear).values,
         resize_torch_reference(floats, target, AntialiasFilter::bilinear).values);
  }
}

TEST(Resize, BicubicBytesAreClampedWhereFloatsOvershoot) {
  Raster<std::uint8_t> bytes({4, 1}, 0);
  std::fill(bytes.values.begin() + 6, bytes.values.end(), std::uint8_t{255});
  Raster<float> floats({4, 1}, 0.0F);
  floats.values.assign(bytes.values.begin(), bytes.values.end());
  const auto overshot = resize_torch_reference(floats, {16, 1}, AntialiasFilter::bicubic).values;
  const auto clamped = resize_torch_reference(bytes, {16, 1}, AntialiasFilter::bicubic).values;
  EXPECT_LT(*std::ranges::min_element(overshot), -5.0F);
  EXPECT_GT(*std::ranges::max_element(overshot), 260.0F);
  for (std::size_t i = 0; i < clamped.size(); ++i) {
    EXPECT_EQ(clamped[i], std::nearbyint(std::clamp(overshot[i], 0.0F, 255.0F)));
  }
}

TEST(Resize, TorchRoundsHalfToEven) {
  Raster<std::uint8_t> image({2, 2}, 0);
  image.values = {0, 2, 4, 1, 3, 5, 0, 2, 4, 1, 3, 5};
  // Half the size: bilinear weighs all four the same, 0.5, 2.5 and 4.5.
  EXPECT_EQ(resize_torch_reference(image, {1, 1}, AntialiasFilter::bilinear).values,
            (std::vector<std::uint8_t>{0, 2, 4}));
}

TEST(Resize, APartOfAnAxisHasTheTapsOfTheWhole) {
  for (const AntialiasFilter kernel : {AntialiasFilter::bilinear, AntialiasFilter::bicubic}) {
    for (const auto& [in, out] : {std::pair{100, 37}, {37, 100}, {1080, 398}, {5, 5}}) {
      ResizeTaps whole;
      whole.build(in, out, kernel, 0, out);
      ResizeTaps part;
      part.build(in, out, kernel, 2, out - 3);
      ASSERT_EQ(part.stride, whole.stride);
      for (std::size_t o = 0; o < part.first.size(); ++o) {
        ASSERT_EQ(part.first[o], whole.first[o + 2]);
        ASSERT_EQ(part.count[o], whole.count[o + 2]);
        for (std::size_t t = 0; t < part.stride; ++t) {
          ASSERT_EQ(part.weights[o * part.stride + t], whole.weights[(o + 2) * part.stride + t]);
        }
      }
    }
  }
}

TEST(Resize, TriangleWeightsSumToOneAndStayInsideThePicture) {
  for (const auto& [source, target] : {std::pair{1, 640}, {7, 3}, {1080, 360}, {640, 641}, {65535, 2}}) {
    TriangleAxis axis;
    build_triangle_axis(source, target, axis);
    for (std::size_t d = 0; d < axis.first.size(); ++d) {
      ASSERT_GE(axis.first[d], 0);
      ASSERT_LE(axis.count[d], axis.taps);
      ASSERT_LE(axis.first[d] + axis.count[d], source);
      double sum = 0;
      for (std::int32_t j = 0; j < axis.taps; ++j) {
        sum += axis.weights[d * static_cast<std::size_t>(axis.taps) + static_cast<std::size_t>(j)];
      }
      ASSERT_NEAR(sum, 1.0, 1e-12);
    }
  }
}

}  // namespace
}  // namespace inference_exp::vision
