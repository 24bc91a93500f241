#include "inference_exp/predictions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <new>
#include <type_traits>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(Detections, RowsAndColumnsAreTheSameData) {
  const Detections detections({{1, 2, 3, 4}, {5, 6, 7, 8}}, {0, 9}, {0.5F, 0.25F});
  EXPECT_EQ(detections.size(), 2U);
  EXPECT_FALSE(detections.empty());
  EXPECT_EQ(detections[1], (Detection{{5, 6, 7, 8}, 9, 0.25F}));
  EXPECT_THAT(detections.class_id(), ElementsAre(0, 9));
  EXPECT_THAT(detections.confidence(), ElementsAre(0.5F, 0.25F));
  EXPECT_EQ(detections.xyxy()[0], (Box{1, 2, 3, 4}));
}

TEST(Detections, BoxesAreFourIntegersInARow) {
  // Callers may read xyxy() as an (N,4) int32 array.
  static_assert(sizeof(Box) == 4 * sizeof(std::int32_t) && std::is_standard_layout_v<Box>);
}

TEST(Detections, AreEmptyByDefault) {
  EXPECT_TRUE(Detections().empty());
  EXPECT_EQ(Detections(), Detections({}, {}, {}));
}

TEST(Detections, ColumnsMustHaveOneLength) {
  EXPECT_THROW(Detections({{}}, {}, {0.5F}), InvalidParameterError);
  EXPECT_THROW(Detections({{}}, {1}, {}), InvalidParameterError);
  EXPECT_THROW(Detections({}, {1}, {0.5F}), InvalidParameterError);
}

TEST(DenseMasks, StartAllZeroAndLieOneAfterTheOther) {
  DenseMasks masks(3, {.width = 4, .height = 2});
  EXPECT_EQ(masks.count(), 3U);
  EXPECT_EQ(masks.size(), (Size{4, 2}));
  EXPECT_EQ(masks.data().size(), 24U);
  EXPECT_THAT(masks.data(), Each(0));

  masks.mask(1)[7] = 1;
  EXPECT_EQ(masks.data()[1 * 8 + 7], 1);
  EXPECT_THAT(masks.mask(0), Each(0));
  EXPECT_THAT(masks.mask(2), Each(0));
}

TEST(DenseMasks, MayBeEmptyInAnyWay) {
  EXPECT_TRUE(DenseMasks().data().empty());
  const DenseMasks none(0, {.width = 1920, .height = 1080});
  EXPECT_TRUE(none.data().empty());
  EXPECT_EQ(none.size(), (Size{1920, 1080})) << "no masks of a known size";
  EXPECT_TRUE(DenseMasks(3, {0, 5}).data().empty());
}

TEST(DenseMasks, MoveButDoNotCopy) {
  static_assert(!std::is_copy_constructible_v<DenseMasks>);
  DenseMasks from(1, {2, 2});
  from.mask(0)[3] = 1;
  const DenseMasks to = std::move(from);
  EXPECT_THAT(to.mask(0), ElementsAre(0, 0, 0, 1));
}

TEST(DenseMasks, ImpossibleSizesAreRefused) {
  EXPECT_THROW(DenseMasks(1, {-1, 5}), InvalidParameterError);
  EXPECT_THROW(DenseMasks(1, {5, -1}), InvalidParameterError);
  EXPECT_THROW(DenseMasks(std::numeric_limits<std::size_t>::max(), {65535, 65535}), std::bad_alloc);
}

TEST(KeyPoints, ARowIsThePointsOfOneBox) {
  const KeyPoints key_points{.detections = Detections({{}, {}}, {0, 0}, {0.9F, 0.8F}),
                             .slots = 2,
                             .points = {{1, 1, 0.1F}, {2, 2, 0.2F}, {3, 3, 0.3F}, {4, 4, 0.4F}}};
  EXPECT_EQ(key_points.size(), 2U);
  EXPECT_THAT(key_points.row(1), ElementsAre(KeyPoint{3, 3, 0.3F}, KeyPoint{4, 4, 0.4F}));
}

TEST(Embeddings, AreRowsOfOneLength) {
  const Embeddings embeddings(2, 3, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(embeddings[1], ElementsAre(4, 5, 6));
  EXPECT_EQ(embeddings.count(), 2U);
  EXPECT_EQ(Embeddings().count(), 0U);
  EXPECT_THROW(Embeddings(2, 3, {1, 2, 3, 4, 5}), InvalidParameterError);
  EXPECT_THROW(Embeddings(2, 0, {1}), InvalidParameterError);
  EXPECT_THROW(Embeddings(1, 3, {1, 2, 3, 4, 5, 6}), InvalidParameterError);
}

TEST(Embeddings, AreComparedByTheirDirectionOnly) {
  const Embeddings x(2, 2, {3, 4, -10, 0});
  const Embeddings y(3, 2, {30, 40, 0, 1, 4, -3});
  const std::vector<float> similarities = compare_embeddings(x, y);
  ASSERT_EQ(similarities.size(), 6U);
  const std::vector<float> expected{1, 0.8F, 0, -0.6F, 0, -0.8F};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(similarities[i], expected[i], 1e-6F) << i;
}

TEST(Embeddings, OfLengthZeroAreSimilarToNothing) {
  EXPECT_THAT(compare_embeddings(Embeddings(1, 2, {0, 0}), Embeddings(1, 2, {1, 0})), ElementsAre(0));
}

TEST(Embeddings, OfDifferentModelsAreRefused) {
  EXPECT_THROW((void)compare_embeddings(Embeddings(1, 2, {0, 1}), Embeddings(1, 3, {1, 0, 0})), InvalidParameterError);
}

TEST(Embeddings, OfAnyDimensionAreComparedAsAPlainSumWould) {
  for (std::size_t dimension = 1; dimension < 40; ++dimension) {
    std::vector<float> values(2 * dimension);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>((i * 37 + dimension) % 19) - 8.5F;
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double x = values[i];
      const double y = values[dimension + i];
      xy += x * y;
      xx += x * x;
      yy += y * y;
    }
    const Embeddings x(1, dimension, {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(dimension)});
    const Embeddings y(1, dimension, {values.begin() + static_cast<std::ptrdiff_t>(dimension), values.end()});
    EXPECT_NEAR(compare_embeddings(x, y).front(), xy / std::sqrt(xx * yy), 1e-6) << dimension;
  }
}

}  // namespace
}  // namespace inference_exp
