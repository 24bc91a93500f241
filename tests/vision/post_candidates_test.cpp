#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/golden.hpp"
#include "vision/candidates.hpp"

namespace inference_exp::vision {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<Candidate> select(const std::vector<float>& values, std::size_t classes,
                              const ScoreThresholds& thresholds) {
  std::vector<Candidate> candidates;
  select_candidates({values, classes, values.size() / classes}, thresholds, candidates);
  return candidates;
}

TEST(Candidates, AreAnchorsWhoseBestClassScoresAboveTheThreshold) {
  const std::vector<float> values = {0.1F, 0.9F, 0.2F,   // class 0 at three anchors
                                     0.7F, 0.3F, 0.2F};  // class 1
  EXPECT_EQ(select(values, 2, {0.5F, {}}), (std::vector<Candidate>{{0.7F, 1, 0}, {0.9F, 0, 1}}));
}

TEST(Candidates, MustBeStrictlyAboveTheThreshold) {
  EXPECT_TRUE(select({0.4F}, 1, {0.4F, {}}).empty());
  EXPECT_EQ(select({std::nextafter(0.4F, 1.F)}, 1, {0.4F, {}}).size(), 1U);
}

TEST(Candidates, TakeTheFirstOfEqualClasses) {
  EXPECT_EQ(select({0.6F, 0.8F, 0.8F}, 3, {0.5F, {}}), (std::vector<Candidate>{{0.8F, 1, 0}}));
}

TEST(Candidates, AreComparedWithTheThresholdOfTheirBestClass) {
  const std::vector<float> thresholds = {0.9F, 0.1F};
  // The first anchor's best class misses its threshold; its second-best class does not get a chance.
  EXPECT_EQ(select({0.8F, 0.1F, 0.3F, 0.2F}, 2, {0.F, thresholds}), (std::vector<Candidate>{{0.2F, 1, 1}}));
}

TEST(Candidates, LeaveOutNanAndInfinity) {
  // Forty anchors, so that whole vectors as well as the rest are covered.
  std::vector<float> values(80, 0.9F);
  for (std::size_t anchor = 0; anchor < 40; anchor += 4) {
    values[anchor] = kNan;
    values[anchor + 1 + 40] = kNan;
    values[anchor + 2] = kInfinity;
  }
  const std::vector<Candidate> candidates = select(values, 2, {0.5F, {}});
  ASSERT_EQ(candidates.size(), 10U);
  for (const Candidate& candidate : candidates) EXPECT_EQ(candidate.anchor % 4, 3U);
}

TEST(Candidates, OfNoAnchorsOrNoClassesAreNone) {
  std::vector<Candidate> candidates{{1, 0, 0}};
  select_candidates({{}, 3, 0}, {0.5F, {}}, candidates);
  EXPECT_TRUE(candidates.empty());
  select_candidates({{}, 0, 5}, {0.5F, {}}, candidates);
  EXPECT_TRUE(candidates.empty());
}

TEST(Candidates, EqualThePlainTwin) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    testing::Lcg random(seed);
    const std::size_t classes = 1 + seed % 9;
    const std::size_t anchors = 97 * seed;
    std::vector<float> values(classes * anchors);
    for (float& value : values) {
      const float u = random.uniform();
      value = u > 0.99F ? kNan : std::floor(random.uniform() * 20) / 20;
    }
    std::vector<float> per_class(classes);
    for (float& threshold : per_class) threshold = random.uniform();
    const ScoreGrid grid{values, classes, anchors};
    for (const ScoreThresholds& thresholds : {ScoreThresholds{0.7F, {}}, {0.F, per_class}}) {
      EXPECT_EQ(select(values, classes, thresholds), select_candidates_reference(grid, thresholds)) << seed;
    }
  }
}

}  // namespace
}  // namespace inference_exp::vision
