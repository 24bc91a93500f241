#include "models/rfdetr_postprocess.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "inference_exp/errors.hpp"

namespace inference_exp::models {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

ClassMap all_classes(std::size_t count) {
  std::vector<std::int32_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0);
  return ClassMap(std::move(ids));
}

std::vector<RfdetrRow> select(const RfdetrLogits& logits, const ClassMap& classes,
                              const vision::ScoreThresholds& thresholds) {
  std::vector<RfdetrCandidate> candidates;
  std::vector<RfdetrRow> rows;
  select_rows(logits, classes, thresholds, candidates, rows);
  return rows;
}

TEST(RfdetrRows, MayNameOneQueryUnderSeveralClasses) {
  const std::vector<float> logits{3, 2, -9, -9};
  EXPECT_THAT(select({logits, 2, 2}, all_classes(2), {0.5F, {}}),
              ElementsAre(RfdetrRow{sigmoid(3), 0, 0}, RfdetrRow{sigmoid(2), 1, 0}));
}

TEST(RfdetrRows, AreAtMostAsManyAsThereAreQueries) {
  const std::vector<float> logits{1, 4, 2, 3, 5, 6};
  const std::vector<RfdetrRow> rows = select({logits, 2, 3}, all_classes(3), {0.5F, {}});
  EXPECT_THAT(rows, ElementsAre(RfdetrRow{sigmoid(6), 2, 1}, RfdetrRow{sigmoid(5), 1, 1}));
}

TEST(RfdetrRows, LoseTheirSlotsToRemovedClasses) {
  const std::vector<float> logits{9, 1, 8, 2};
  EXPECT_THAT(select({logits, 2, 2}, ClassMap({ClassMap::kDropped, 0}), {0.5F, {}}), IsEmpty());
}

TEST(RfdetrRows, MustScoreAboveTheThresholdInSinglePrecision) {
  const std::vector<float> logits{0.5F};
  const float score = sigmoid(0.5F);
  EXPECT_THAT(select({logits, 1, 1}, all_classes(1), {score, {}}), IsEmpty());
  EXPECT_EQ(select({logits, 1, 1}, all_classes(1), {std::nextafter(score, 0.F), {}}).size(), 1U);
}

TEST(RfdetrRows, AreComparedWithTheThresholdOfTheReportedClass) {
  const std::vector<float> logits{9, 0, 0, 9, -9, -9};
  const std::vector<float> per_class{0.4F, 0.6F};  // of the classes that the network scores second and third
  const std::vector<RfdetrRow> rows = select({std::vector<float>{-9, 0.1F, -9, -9, -9, 0.1F}, 2, 3},
                                             ClassMap({ClassMap::kDropped, 0, 1}), {0.5F, per_class});
  EXPECT_THAT(rows, ElementsAre(RfdetrRow{sigmoid(0.1F), 0, 0}));
}

TEST(RfdetrRows, WithoutANumberAreLeftOutAndTakeNoSlot) {
  const std::vector<float> logits{kNan, 1, kInfinity, kNan, -kInfinity, kNan};
  for (const float threshold : {0.F, 0.5F}) {
    const std::vector<RfdetrRow> rows = select({logits, 3, 2}, all_classes(2), {threshold, {}});
    EXPECT_THAT(rows, ElementsAre(RfdetrRow{1, 0, 1}, RfdetrRow{sigmoid(1), 1, 0}));
  }
}

TEST(RfdetrRows, AgreeWithThePlainTwinOnRandomLogits) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  std::size_t found = 0;
  for (int round = 0; round < 400; ++round) {
    const std::size_t queries = 1 + below(60);
    const std::size_t classes = 1 + below(12);
    // Some rounds on a coarse grid, so that equals are frequent; some far out, where the sigmoid saturates.
    const float spread = std::array{2.F, 8.F, 60.F, 200.F}[below(4)];
    const bool coarse = below(2) == 0;
    std::uniform_real_distribution<float> logit(-spread, spread);
    std::vector<float> values(queries * classes);
    for (float& value : values) value = coarse ? std::round(logit(random)) : logit(random);
    if (below(4) == 0) values[below(values.size())] = kNan;

    std::vector<std::int32_t> ids;
    std::int32_t next = 0;
    for (std::size_t c = 0; c < classes; ++c) ids.push_back(below(4) == 0 ? ClassMap::kDropped : next++);
    if (below(2) == 0) ids.resize(1 + below(classes));
    const float uniform = std::array{0.F, 1e-40F, 1e-30F, 0.1F, 0.5F, 0.9F, 0.9999999F, 1.F}[below(8)];
    std::vector<float> per_class;
    if (below(2) == 0) {
      std::uniform_real_distribution<float> threshold(0, 1);
      for (std::int32_t c = 0; c < next; ++c) per_class.push_back(threshold(random));
    }
    const RfdetrLogits logits{values, queries, classes};
    const vision::ScoreThresholds thresholds{uniform, per_class};
    const ClassMap map(ids);
    const std::vector<RfdetrRow> expected = select_rows_reference(logits, map, thresholds);
    ASSERT_EQ(select(logits, map, thresholds), expected) << "round " << round;
    found += expected.size();
  }
  EXPECT_GT(found, 1000U);
}

TEST(RfdetrRows, AtEveryThresholdThatIsAScoreAgreeWithThePlainTwin) {
  std::vector<float> values;
  for (int i = -400; i <= 400; ++i) values.push_back(static_cast<float>(i) * 0.25F);
  const RfdetrLogits logits{values, values.size(), 1};
  const ClassMap map = all_classes(1);
  for (const float value : values) {
    for (const float threshold : {sigmoid(value), std::nextafter(sigmoid(value), 0.F)}) {
      ASSERT_EQ(select(logits, map, {threshold, {}}), select_rows_reference(logits, map, {threshold, {}})) << value;
    }
  }
}

TEST(RfdetrLogits, OfAnotherShapeThanTheBoxesAreRefused) {
  std::vector<float> numbers(24);
  const auto tensor = [&](const Shape& shape) { return TensorView{numbers.data(), DType::f32, shape}; };
  EXPECT_EQ(read_logits(tensor({3, 4}), tensor({3, 5})).classes, 5U);
  EXPECT_THROW((void)read_logits(tensor({2, 4}), tensor({3, 5})), ModelRuntimeError);
  EXPECT_THROW((void)read_logits(tensor({3, 5}), tensor({3, 5})), ModelRuntimeError);
  EXPECT_THROW((void)read_logits(tensor({3, 4}), tensor({3, 0})), ModelRuntimeError);
  EXPECT_THROW((void)read_logits(tensor({3, 4}), tensor({3})), ModelRuntimeError);
}

}  // namespace
}  // namespace inference_exp::models
