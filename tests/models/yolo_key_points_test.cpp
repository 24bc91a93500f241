#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "models/yolo_fixtures.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::GreyImage;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Two classes on a 64 x 64 network: class 0 has three points, class 1 has two.
models::ModelInit key_point_init(testing::FakeOutput output) {
  models::ModelInit init = testing::yolo_init("yolov8", "keypoint-detection", 64, 2, {std::move(output)});
  init.skeletons = {{{"nose", "left", "right"}, {{0, 1}, {0, 2}}}, {{"head", "tail"}, {{0, 1}}}};
  return init;
}

KeyPoints infer(models::ModelInit init, Size size, const InferenceOptions& options = {}) {
  const GreyImage image(size);
  return testing::make<KeyPointDetectionModel>(std::move(init))->infer(image.view(), options);
}

/// One anchor: box, scores of the two classes, three points.
std::vector<float> anchor(float score0, float score1) {
  return {32, 32, 20, 20, score0, score1, 30, 30, 0.9F, 40, 20, 0.2F, 10, 50, 0.7F};
}

TEST(YoloKeyPoints, ComeWithTheirBox) {
  const KeyPoints result = infer(key_point_init(testing::grid_output(anchor(0.9F, 0), 15)), {64, 64});
  EXPECT_EQ(result.detections, Detections({{22, 22, 42, 42}}, {0}, {0.9F}));
  EXPECT_EQ(result.slots, 3U);
  EXPECT_THAT(result.row(0), ElementsAre(KeyPoint{30, 30, 0.9F}, KeyPoint{40, 20, 0.2F}, KeyPoint{10, 50, 0.7F}));
}

TEST(YoloKeyPoints, LeaveSlotsEmptyThatTheClassDoesNotHave) {
  const KeyPoints result = infer(key_point_init(testing::grid_output(anchor(0, 0.9F), 15)), {64, 64});
  EXPECT_THAT(result.row(0), ElementsAre(KeyPoint{30, 30, 0.9F}, KeyPoint{40, 20, 0.2F}, KeyPoint{}));
}

TEST(YoloKeyPoints, LeaveSlotsEmptyBelowTheThreshold) {
  InferenceOptions options;
  options.key_points_threshold = 0.7F;  // reached by the last one exactly
  const KeyPoints result = infer(key_point_init(testing::grid_output(anchor(0.9F, 0), 15)), {64, 64}, options);
  EXPECT_THAT(result.row(0), ElementsAre(KeyPoint{30, 30, 0.9F}, KeyPoint{}, KeyPoint{10, 50, 0.7F}));
}

TEST(YoloKeyPoints, AreNotClampedToTheImage) {
  std::vector<float> values = anchor(0.9F, 0);
  values[6] = -10;
  values[7] = 90;
  const KeyPoints result = infer(key_point_init(testing::grid_output(values, 15)), {64, 64});
  EXPECT_EQ(result.row(0)[0], (KeyPoint{-10, 90, 0.9F}));
}

TEST(YoloKeyPoints, WithNanOrInfinityAreLeftEmpty) {
  std::vector<float> values = anchor(0.9F, 0);
  values[6] = kNan;
  values[11] = kNan;
  values[13] = std::numeric_limits<float>::infinity();
  const KeyPoints result = infer(key_point_init(testing::grid_output(values, 15)), {64, 64});
  EXPECT_THAT(result.row(0), ElementsAre(KeyPoint{}, KeyPoint{}, KeyPoint{}));
}

TEST(YoloKeyPoints, KeepTheirShapeWhenNothingIsFound) {
  const KeyPoints result = infer(key_point_init(testing::grid_output(anchor(0, 0), 15)), {64, 64});
  EXPECT_TRUE(result.empty());
  EXPECT_EQ(result.slots, 3U);
}

TEST(YoloKeyPoints, AreReadFromFusedRowsToo) {
  models::ModelInit init =
      key_point_init(testing::row_output({22, 22, 42, 42, 0.9F, 1, 30, 30, 0.9F, 40, 20, 0.2F, 10, 50, 0.7F}, 15));
  init.config.post_processing->fused = true;
  const KeyPoints result = infer(init, {64, 64});
  EXPECT_EQ(result.detections, Detections({{22, 22, 42, 42}}, {1}, {0.9F}));
  EXPECT_THAT(result.row(0), ElementsAre(KeyPoint{30, 30, 0.9F}, KeyPoint{40, 20, 0.2F}, KeyPoint{}));
}

TEST(YoloKeyPoints, TellTheirSkeletons) {
  const auto model = testing::make<KeyPointDetectionModel>(key_point_init(testing::grid_output(anchor(0, 0), 15)));
  ASSERT_EQ(model->skeletons().size(), 2U);
  EXPECT_THAT(model->skeletons()[1].key_point_names, ElementsAre("head", "tail"));
}

TEST(YoloKeyPoints, EqualAPlainReading) {
  // 50 anchors far from each other in score, an image of 48 x 96 pixels: scale 2/3, 16 pixels of padding on each side.
  const std::size_t anchors = 50;
  testing::Lcg random(77);
  std::vector<float> grid(15 * anchors);
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const bool is_score = i / anchors == 4 || i / anchors == 5;
    const bool is_point_score = i / anchors > 5 && (i / anchors - 6) % 3 == 2;
    grid[i] = is_score || is_point_score ? random.uniform() : 64 * random.uniform();
  }
  InferenceOptions options;
  options.key_points_threshold = 0.25;
  options.confidence = 0.5;
  options.iou_threshold = 1.0;  // nothing is suppressed
  const KeyPoints result = infer(key_point_init(testing::grid_output(grid, 15)), {48, 96}, options);

  std::vector<std::size_t> order;
  const auto score = [&](std::size_t a) { return std::max(grid[4 * anchors + a], grid[5 * anchors + a]); };
  for (std::size_t a = 0; a < anchors; ++a) {
    if (score(a) > 0.5F) order.push_back(a);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
  std::vector<KeyPoint> expected;
  const auto scale = static_cast<float>(64.0 / 96);
  for (const std::size_t a : order) {
    const std::size_t own_points = grid[5 * anchors + a] > grid[4 * anchors + a] ? 2 : 3;
    for (std::size_t k = 0; k < 3; ++k) {
      const float confidence = grid[(8 + 3 * k) * anchors + a];
      KeyPoint point;
      if (k < own_points && confidence >= 0.25F) {
        point = {static_cast<int>(std::nearbyint((grid[(6 + 3 * k) * anchors + a] - 16) / scale)),
                 static_cast<int>(std::nearbyint(grid[(7 + 3 * k) * anchors + a] / scale)), confidence};
      }
      expected.push_back(point);
    }
  }
  ASSERT_GT(order.size(), 10U);
  EXPECT_THAT(result.points, ElementsAreArray(expected));
}

}  // namespace
}  // namespace inference_exp
