#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "inference_exp/predictions.hpp"
#include "support/golden.hpp"
#include "vision/masks.hpp"

namespace inference_exp::vision {
namespace {

using testing::Lcg;

/// One image's prototypes and where they lie, all made up.
struct Scene {
  std::vector<float> values;
  Prototypes prototypes;
  PreprocessingMetadata placement;

  Scene(Lcg& random, std::size_t channels, Size cells, const PreprocessingMetadata& where) : placement(where) {
    values.resize(channels * static_cast<std::size_t>(cells.width) * static_cast<std::size_t>(cells.height));
    for (float& value : values) value = random.uniform() - 0.5F;
    prototypes = {values, channels, cells};
  }
  [[nodiscard]] std::vector<std::uint8_t> paint(const MaskOptions& options, const MaskQuery& query,
                                                MaskWorkspace& workspace) const {
    const Size size = placement.original_size;
    std::vector<std::uint8_t> canvas(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height));
    MaskPainter(prototypes, placement, options, workspace).paint(query, canvas);
    return canvas;
  }
  [[nodiscard]] std::string run_lengths(const MaskOptions& options, const MaskQuery& query,
                                        MaskWorkspace& workspace) const {
    return MaskPainter(prototypes, placement, options, workspace).run_lengths(query);
  }
};

PreprocessingMetadata letterbox(Size image, Size network) {
  PreprocessingMetadata placement;
  placement.original_size = placement.size_after_pre_processing = image;
  placement.inference_size = network;
  placement.static_crop = {0, 0, image.width, image.height};
  const double scale = std::min(double(network.width) / image.width, double(network.height) / image.height);
  const int width = static_cast<int>(image.width * scale);
  const int height = static_cast<int>(image.height * scale);
  placement.pad_left = (network.width - width) / 2;
  placement.pad_right = network.width - width - placement.pad_left;
  placement.pad_top = (network.height - height) / 2;
  placement.pad_bottom = network.height - height - placement.pad_top;
  placement.scale_width = placement.scale_height = scale;
  return placement;
}

/// The image cut out of a larger one, at (x, y).
PreprocessingMetadata cropped(PreprocessingMetadata placement, int x, int y, Size original) {
  placement.original_size = original;
  placement.static_crop.x = x;
  placement.static_crop.y = y;
  return placement;
}

PreprocessingMetadata center_crop(Size image, Size network) {
  PreprocessingMetadata placement;
  placement.original_size = placement.size_after_pre_processing = image;
  placement.inference_size = network;
  placement.static_crop = {0, 0, image.width, image.height};
  placement.pad_left = (network.width - image.width) / 2;
  placement.pad_right = network.width - image.width - placement.pad_left;
  placement.pad_top = (network.height - image.height) / 2;
  placement.pad_bottom = network.height - image.height - placement.pad_top;
  return placement;
}

std::vector<PreprocessingMetadata> placements() {
  const Size network{128, 128};
  return {letterbox({37, 50}, network),
          letterbox({300, 170}, network),
          letterbox({9, 7}, network),     // smaller than the prototypes: the resize shrinks
          letterbox({200, 21}, network),  // shrinks one way, grows the other
          letterbox({32, 32}, network),   // same size as the prototypes
          cropped(letterbox({90, 61}, network), 0, 0, {100, 80}),
          cropped(letterbox({90, 61}, network), 10, 19, {100, 80}),
          center_crop({171, 90}, network),
          center_crop({60, 200}, network)};
}

BoxF random_box(Lcg& random, float side) {
  const float x = side * (1.4F * random.uniform() - 0.2F);
  const float y = side * (1.4F * random.uniform() - 0.2F);
  return {x, y, x + side * random.uniform(), y + side * random.uniform()};
}

TEST(Masks, AndTheirRunLengthsEqualThePlainTwinToTheBit) {
  Lcg random(7);
  MaskWorkspace workspace;
  std::size_t pixels_set = 0;
  for (const PreprocessingMetadata& placement : placements()) {
    const Scene scene(random, 9, {32, 32}, placement);
    for (int round = 0; round < 40; ++round) {
      std::vector<float> coefficients(9);
      for (float& value : coefficients) value = 8 * (random.uniform() - 0.4F);
      const MaskQuery query{random_box(random, 128), coefficients};
      const MaskOptions options{round % 2 == 0, round % 2 == 0 ? 0.5F : 0.F};
      const std::vector<std::uint8_t> expected = paint_mask_reference(scene.prototypes, placement, options, query);
      EXPECT_EQ(scene.paint(options, query, workspace), expected);
      EXPECT_EQ(scene.run_lengths(options, query, workspace), encode_rle(expected, placement.original_size));
      pixels_set += static_cast<std::size_t>(std::count(expected.begin(), expected.end(), 1));
    }
  }
  EXPECT_GT(pixels_set, 100000U) << "the test should draw something";
}

TEST(Masks, EqualThePlainTwinForOtherThresholds) {
  Lcg random(8);
  MaskWorkspace workspace;
  for (const PreprocessingMetadata& placement : placements()) {
    const Scene scene(random, 4, {32, 32}, placement);
    for (const MaskOptions& options :
         {MaskOptions{true, 0.F}, {true, 0.9F}, {true, 1.F}, {false, -0.5F}, {false, 0.25F}}) {
      const std::vector<float> coefficients = {1, -2, 3, 2};
      for (const BoxF& box : {BoxF{10, 20, 90, 100}, {50, 50, 50, 50}, {-500, -500, 900, 900}}) {
        const std::vector<std::uint8_t> expected =
            paint_mask_reference(scene.prototypes, placement, options, {box, coefficients});
        EXPECT_EQ(scene.paint(options, {box, coefficients}, workspace), expected);
        EXPECT_EQ(scene.run_lengths(options, {box, coefficients}, workspace),
                  encode_rle(expected, placement.original_size));
      }
    }
  }
}

TEST(Masks, OfAConstantPrototypeFillTheBox) {
  const std::vector<float> values(32 * 32, 5.F);
  PreprocessingMetadata placement = letterbox({128, 128}, {128, 128});
  MaskWorkspace workspace;
  std::vector<std::uint8_t> canvas(128 * 128);
  const std::vector<float> one = {1};
  MaskPainter({values, 1, {32, 32}}, placement, {}, workspace).paint({{32, 64, 96, 96}, one}, canvas);
  for (int y = 0; y < 128; ++y) {
    for (int x = 0; x < 128; ++x) {
      const bool inside = x >= 32 && x < 96 && y >= 64 && y < 96;
      const bool on_edge = x == 31 || x == 32 || x == 95 || x == 96 || y == 63 || y == 64 || y == 95 || y == 96;
      if (on_edge) continue;
      EXPECT_EQ(canvas[static_cast<std::size_t>(y * 128 + x)], inside) << x << ", " << y;
    }
  }
}

TEST(Masks, TakeNanAndInfinityWithoutHarm) {
  Lcg random(9);
  MaskWorkspace workspace;
  Scene scene(random, 3, {32, 32}, letterbox({60, 40}, {128, 128}));
  for (std::size_t i = 0; i < scene.values.size(); i += 7) {
    scene.values[i] = std::numeric_limits<float>::quiet_NaN();
    scene.values[i + 3 < scene.values.size() ? i + 3 : i] = std::numeric_limits<float>::infinity();
  }
  const std::vector<float> coefficients = {1, -1, 3e38F};
  for (const MaskOptions& options : {MaskOptions{true, 0.5F}, {false, 0.F}}) {
    const MaskQuery query{{0, 0, 128, 128}, coefficients};
    EXPECT_EQ(scene.paint(options, query, workspace),
              paint_mask_reference(scene.prototypes, scene.placement, options, query));
  }
}

TEST(Masks, AreEmptyWhenThePrototypesShowNothingOfTheImage) {
  Lcg random(10);
  MaskWorkspace workspace;
  PreprocessingMetadata placement = letterbox({60, 40}, {128, 128});
  placement.pad_left = 127;
  const Scene scene(random, 1, {32, 32}, placement);
  const std::vector<float> one = {1};
  const MaskQuery query{{0, 0, 128, 128}, one};
  EXPECT_EQ(scene.paint({}, query, workspace), std::vector<std::uint8_t>(60 * 40));
  EXPECT_EQ(scene.run_lengths({}, query, workspace), encode_rle(std::vector<std::uint8_t>(60 * 40), {60, 40}));
}

}  // namespace
}  // namespace inference_exp::vision
