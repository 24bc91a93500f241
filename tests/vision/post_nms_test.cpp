#include <gtest/gtest.h>

#include <cmath>

#include "support/golden.hpp"
#include "vision/nms.hpp"

namespace inference_exp::vision {
namespace {

using testing::Lcg;

struct Scene {
  std::vector<BoxF> boxes;
  std::vector<float> scores;
  std::vector<std::int32_t> class_ids;

  void add(const BoxF& box, float score, std::int32_t class_id) {
    boxes.push_back(box);
    scores.push_back(score);
    class_ids.push_back(class_id);
  }
  [[nodiscard]] std::vector<std::uint32_t> nms(const NmsOptions& options) const {
    NmsWorkspace workspace;
    std::vector<std::uint32_t> keep;
    batched_nms(boxes, scores, class_ids, options, workspace, keep);
    return keep;
  }
  [[nodiscard]] std::vector<std::uint32_t> reference(const NmsOptions& options) const {
    return batched_nms_reference(boxes, scores, class_ids, options);
  }
};

/// `distinct_scores` small makes many equal scores.
Scene random_scene(std::uint32_t seed, std::size_t count, int classes, float spread, float distinct_scores) {
  Lcg random(seed);
  Scene scene;
  for (std::size_t i = 0; i < count; ++i) {
    const float x = spread * random.uniform() - 20;
    const float y = spread * random.uniform() - 20;
    const float width = 60 * random.uniform();
    const float height = 60 * random.uniform();
    const float score = std::floor(random.uniform() * distinct_scores) / distinct_scores;
    scene.add({x, y, x + width, y + height}, score, static_cast<std::int32_t>(random.uniform() * float(classes)));
  }
  return scene;
}

using Indices = std::vector<std::uint32_t>;

TEST(Nms, KeepsTheBetterOfTwoOverlappingBoxes) {
  Scene scene;
  scene.add({0, 0, 10, 10}, 0.5F, 0);
  scene.add({1, 0, 11, 10}, 0.9F, 0);
  scene.add({50, 0, 60, 10}, 0.7F, 0);
  EXPECT_EQ(scene.nms({0.5, 300, false}), (Indices{1, 2}));
}

TEST(Nms, LeavesOtherClassesAloneUnlessAgnostic) {
  Scene scene;
  scene.add({0, 0, 10, 10}, 0.5F, 0);
  scene.add({0, 0, 10, 10}, 0.9F, 1);
  EXPECT_EQ(scene.nms({0.5, 300, false}), (Indices{1, 0}));
  EXPECT_EQ(scene.nms({0.5, 300, true}), (Indices{1}));
}

TEST(Nms, ComparesStrictly) {
  Scene scene;
  scene.add({0, 0, 2, 2}, 0.9F, 0);
  scene.add({0, 0, 2, 1}, 0.8F, 0);  // IoU is exactly a half
  EXPECT_EQ(scene.nms({0.5, 300, false}).size(), 2U);
  EXPECT_EQ(scene.nms({std::nextafter(0.5, 0.0), 300, false}).size(), 1U);
}

TEST(Nms, ComparesTheThresholdInDoublePrecision) {
  Scene scene;
  scene.add({0, 0, 3, 1}, 0.9F, 0);
  scene.add({0, 0, 1, 1}, 0.8F, 0);
  const double third = double{1.F / 3.F};  // above one third as a float
  EXPECT_EQ(scene.nms({third, 300, false}).size(), 2U);
  EXPECT_EQ(scene.nms({1.0 / 3.0, 300, false}).size(), 1U);
}

TEST(Nms, KeepsEmptyBoxesAtTheSamePlace) {
  Scene scene;
  scene.add({5, 5, 5, 5}, 0.9F, 0);
  scene.add({5, 5, 5, 5}, 0.8F, 0);
  EXPECT_EQ(scene.nms({0.0, 300, false}).size(), 2U);
}

TEST(Nms, OrdersEqualScoresByIndexAndStopsAtTheLimit) {
  Scene scene;
  for (int i = 0; i < 40; ++i) scene.add({float(i) * 20, 0, float(i) * 20 + 10, 10}, 0.5F, i % 3);
  EXPECT_EQ(scene.nms({0.5, 4, false}), (Indices{0, 1, 2, 3}));
}

TEST(Nms, LetsNegativeCoordinatesReachIntoTheNextClassLikeTheOriginal) {
  // Classes are moved apart by the highest coordinate + 1 = 11, so class 1's box comes to lie on class 0's.
  Scene scene;
  scene.add({0, 0, 10, 10}, 0.9F, 0);
  scene.add({-11, -11, -1, -1}, 0.8F, 1);
  EXPECT_EQ(scene.nms({0.5, 300, false}).size(), 1U);
}

TEST(Nms, OfNothingIsNothing) { EXPECT_TRUE(Scene().nms({}).empty()); }

TEST(Nms, EqualsThePlainTwinWithClassesMovedApart) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    const Scene scene = random_scene(seed, 25 * seed, 1 + int(seed % 7), 300, seed % 2 == 0 ? 10.F : 1e6F);
    for (const NmsOptions& options : {NmsOptions{0.3, 300, false}, {0.45, 20, false}, {0.1, 300, true}, {0, 7, true}}) {
      EXPECT_EQ(scene.nms(options), scene.reference(options)) << "seed " << seed;
    }
  }
}

TEST(Nms, EqualsThePlainTwinClassByClass) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Scene scene = random_scene(seed, 1000 + 300 * seed, 5, 600, seed % 2 == 0 ? 10.F : 1e6F);
    for (const NmsOptions& options : {NmsOptions{0.3, 300, false}, {0.45, 20, false}, {0.5, 5000, true}}) {
      EXPECT_EQ(scene.nms(options), scene.reference(options)) << "seed " << seed;
    }
  }
}

TEST(Nms, SwitchesToOneClassAtATimeAboveAThousandBoxes) {
  // The pair above is suppressed across classes only as long as classes are moved apart.
  Scene scene;
  scene.add({0, 0, 10, 10}, 0.9F, 0);
  scene.add({-11, -11, -1, -1}, 0.8F, 1);
  for (int i = 0; i < 998; ++i) scene.add({0, 0, 0, 0}, 0.1F, 2);
  EXPECT_EQ(scene.nms({0.5, 5000, false}).size(), 999U);
  scene.add({0, 0, 0, 0}, 0.1F, 2);
  EXPECT_EQ(scene.nms({0.5, 5000, false}).size(), 1001U);
}

TEST(Nms, SurvivesHugeCoordinates) {
  Scene scene;
  for (int i = 0; i < 30; ++i) scene.add({-3e38F, -3e38F, 3e38F, 3e38F}, 0.5F, i);
  EXPECT_EQ(scene.nms({0.5, 300, false}), scene.reference({0.5, 300, false}));
}

}  // namespace
}  // namespace inference_exp::vision
