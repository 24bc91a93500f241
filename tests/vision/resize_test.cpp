// The plain resamplers against values that OpenCV and Pillow produced.
#include <gtest/gtest.h>

#include "support/golden.hpp"
#include "vision/resample_axis.hpp"
#include "vision/resize_reference.hpp"

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
