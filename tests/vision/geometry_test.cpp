// Where images go: static crop, resize modes, pads and scales.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference_exp/errors.hpp"
#include "support/golden.hpp"
#include "vision/geometry.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::vision {
namespace {

Preprocessing recipe_for(ResizeMode mode, Size target) {
  Preprocessing recipe;
  recipe.resize_mode = mode;
  recipe.target = target;
  return recipe;
}

std::array<std::int32_t, 4> pads(const PreprocessingMetadata& m) {
  return {m.pad_left, m.pad_top, m.pad_right, m.pad_bottom};
}

TEST(Geometry, LetterboxesLikeTheOriginal) {
  REQUIRE_SHARED(path, "spec/golden_vectors.json");
  const auto entries = testing::load_json(path)["july"]["letterbox_geometry"];
  ASSERT_EQ(entries.size(), 18U);
  for (const auto& entry : entries) {
    const Size image{entry["w"], entry["h"]};
    const Preprocessing recipe = recipe_for(ResizeMode::letterbox, {entry["target_w"], entry["target_h"]});
    SCOPED_TRACE(::testing::Message() << image.width << "x" << image.height << " to " << recipe.target.width);
    if (entry.contains("error")) {
      EXPECT_THROW((void)plan(recipe, image), ModelInputError);
      continue;
    }
    const PreprocessingMetadata metadata = plan(recipe, image);
    EXPECT_EQ(pads(metadata), (entry["numpy"]["pad"].get<std::array<std::int32_t, 4>>()));
    EXPECT_EQ(metadata.scale_width, entry["numpy"]["scale"].get<double>());
    EXPECT_EQ(metadata.scale_height, metadata.scale_width);
    EXPECT_EQ(metadata.inference_size, recipe.target);
  }
}

TEST(Geometry, LetterboxTruncatesSoThatSomeWidthsComeOutOneShort) {
  const auto metadata = plan(recipe_for(ResizeMode::letterbox, {640, 640}), {308, 200});
  EXPECT_EQ(pads(metadata), (std::array{0, 112, 1, 113}));
}

TEST(Geometry, ReflectedEdgesAreAnOrdinaryLetterbox) {
  EXPECT_EQ(plan(recipe_for(ResizeMode::letterbox_reflect_edges, {640, 640}), {308, 200}),
            plan(recipe_for(ResizeMode::letterbox, {640, 640}), {308, 200}));
}

TEST(Geometry, StretchScalesEachSideAlone) {
  const auto metadata = plan(recipe_for(ResizeMode::stretch, {640, 320}), {1920, 1080});
  EXPECT_EQ(metadata.scale_width, 640.0 / 1920.0);
  EXPECT_EQ(metadata.scale_height, 320.0 / 1080.0);
  EXPECT_EQ(pads(metadata), (std::array{0, 0, 0, 0}));
  EXPECT_EQ(metadata.original_size, (Size{1920, 1080}));
  EXPECT_EQ(metadata.size_after_pre_processing, (Size{1920, 1080}));
  EXPECT_EQ(metadata.static_crop, (Rect{0, 0, 1920, 1080}));
}

TEST(Geometry, CenterCropPadsAndCutsEachSideAlone) {
  // 101 pixels lose 37, the odd one at the end; 41 gain 23, the odd one at the end.
  const auto placement = place(recipe_for(ResizeMode::center_crop, {64, 64}), {101, 41});
  EXPECT_EQ(pads(placement.metadata), (std::array{-18, 11, -19, 12}));
  EXPECT_EQ(placement.window, (Rect{18, 0, 64, 41}));
  EXPECT_EQ(placement.destination, (Rect{0, 11, 64, 41}));
  EXPECT_EQ(placement.metadata.scale_width, 1.0);
  EXPECT_EQ(placement.metadata.scale_height, 1.0);
}

TEST(Geometry, CenterCropFillsWithBlackWhateverThePaddingValue) {
  Preprocessing recipe = recipe_for(ResizeMode::center_crop, {64, 64});
  recipe.padding_value = 127;
  EXPECT_EQ(place(recipe, {10, 10}).padding, 0.0F);
  recipe.resize_mode = ResizeMode::letterbox;
  EXPECT_EQ(place(recipe, {10, 20}).padding, 127.0F);
}

TEST(Geometry, FitLongerEdgeRoundsTheOtherSideHalfToEven) {
  const Preprocessing recipe = recipe_for(ResizeMode::fit_longer_edge, {100, 100});
  EXPECT_EQ(plan(recipe, {200, 50}).inference_size, (Size{100, 25}));
  EXPECT_EQ(plan(recipe, {200, 49}).inference_size, (Size{100, 24}));  // 24.5
  EXPECT_EQ(plan(recipe, {200, 51}).inference_size, (Size{100, 26}));  // 25.5
  EXPECT_EQ(plan(recipe, {30, 60}).inference_size, (Size{50, 100}));
  EXPECT_THROW((void)plan(recipe, {1000, 1}), ModelInputError);
}

TEST(Geometry, ShortestEdgeScalesAndThenCutsTheMiddle) {
  Preprocessing recipe = recipe_for(ResizeMode::shortest_edge_center_crop, {224, 224});
  recipe.resampling = Resampling::torch_bicubic;
  const auto placement = place(recipe, {810, 1080});
  EXPECT_EQ(placement.resized, (Size{224, 298}));  // 298.67
  EXPECT_EQ(placement.kept, (Rect{0, 37, 224, 224}));
  EXPECT_EQ(placement.window, (Rect{0, 0, 810, 1080}));
  EXPECT_EQ(placement.destination, (Rect{0, 0, 224, 224}));
  EXPECT_EQ(pads(placement.metadata), (std::array{0, -37, 0, -37}));
  EXPECT_EQ(placement.metadata.scale_width, 224.0 / 810.0);
  EXPECT_EQ(placement.metadata.scale_height, 298.0 / 1080.0);
  EXPECT_EQ(placement.metadata.inference_size, recipe.target);
}

TEST(Geometry, ShortestEdgeHalvesAnOddExcessToTheEvenSide) {
  Preprocessing recipe = recipe_for(ResizeMode::shortest_edge_center_crop, {100, 100});
  recipe.resampling = Resampling::torch_bicubic;
  EXPECT_EQ(pads(plan(recipe, {169, 100})), (std::array{-34, 0, -35, 0}));
  EXPECT_EQ(pads(plan(recipe, {171, 100})), (std::array{-36, 0, -35, 0}));
  EXPECT_EQ(pads(plan(recipe, {100, 171})), (std::array{0, -36, 0, -35}));
  EXPECT_EQ(pads(plan(recipe, {101, 100})), (std::array{0, 0, -1, 0}));
  EXPECT_EQ(pads(plan(recipe, {50, 50})), (std::array{0, 0, 0, 0})) << "exactly the target: nothing is cut";
}

TEST(Geometry, ShortestEdgeIsForSquaresAndTorch) {
  Preprocessing recipe = recipe_for(ResizeMode::shortest_edge_center_crop, {64, 64});
  EXPECT_THROW((void)plan(recipe, {100, 100}), InvalidParameterError);
  recipe.resampling = Resampling::torch_bilinear;
  EXPECT_NO_THROW((void)plan(recipe, {100, 100}));
  recipe.target = {64, 65};
  EXPECT_THROW((void)plan(recipe, {100, 100}), InvalidParameterError);
  recipe.target = {65535, 65535};
  EXPECT_THROW((void)plan(recipe, {65535, 1}), ModelInputError);
}

TEST(Geometry, StaticCropDividesBeforeItMultiplies) {
  Preprocessing recipe = recipe_for(ResizeMode::stretch, {64, 64});
  recipe.static_crop = StaticCrop{29, 35, 57, 70};
  const auto metadata = plan(recipe, {100, 720});
  EXPECT_EQ(metadata.static_crop, (Rect{28, 251, 56 - 28, 503 - 251}));
  EXPECT_EQ(metadata.size_after_pre_processing, (Size{28, 252}));
  EXPECT_EQ(metadata.original_size, (Size{100, 720}));
  EXPECT_EQ(metadata.scale_width, 64.0 / 28.0);
}

TEST(Geometry, RefusesWhatLeavesNoPixels) {
  Preprocessing recipe = recipe_for(ResizeMode::stretch, {64, 64});
  EXPECT_THROW((void)plan(recipe, {0, 5}), ModelInputError);
  recipe.static_crop = StaticCrop{10, 10, 11, 90};
  EXPECT_THROW((void)plan(recipe, {20, 20}), ModelInputError);
  recipe.static_crop = StaticCrop{60, 0, 40, 100};
  EXPECT_THROW((void)plan(recipe, {1000, 1000}), ModelInputError);
}

TEST(Geometry, BlamesThePackageForAnImpossibleRecipe) {
  EXPECT_THROW((void)plan(recipe_for(ResizeMode::none, {64, 64}), {10, 10}), CorruptedModelPackageError);
  EXPECT_THROW((void)plan(recipe_for(ResizeMode::stretch, {0, 64}), {10, 10}), CorruptedModelPackageError);
  Preprocessing recipe = recipe_for(ResizeMode::stretch, {64, 64});
  recipe.static_crop = StaticCrop{0, 0, 101, 100};
  EXPECT_THROW((void)plan(recipe, {10, 10}), CorruptedModelPackageError);
}

}  // namespace
}  // namespace inference_exp::vision
