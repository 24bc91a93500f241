#include "compile/accuracy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp {
namespace {

using ::testing::DoubleNear;

/// Answers the same outputs whatever the pixels; its boxes are the outputs' rows: x, y, side, class, score.
class FixedModel final : public ObjectDetectionModel {
 public:
  explicit FixedModel(NetworkOutputs outputs) : outputs_(std::move(outputs)) {}

  using ObjectDetectionModel::infer;
  [[nodiscard]] std::span<const std::string> class_names() const noexcept override { return {}; }
  [[nodiscard]] std::string_view architecture() const noexcept override { return "fixed"; }
  [[nodiscard]] std::string_view backend() const noexcept override { return "fixed"; }
  [[nodiscard]] Size input_size() const noexcept override { return {2, 2}; }
  [[nodiscard]] std::int32_t max_batch_size() const noexcept override { return 1; }
  [[nodiscard]] PreparedImages pre_process(std::span<const ImageView> images,
                                           const InferenceOptions& /*options*/) const override {
    return {{{1, 3, 2, 2}, std::vector<float>(12)}, std::vector<PreprocessingMetadata>(images.size())};
  }
  [[nodiscard]] NetworkOutputs forward(const FloatTensor& /*pixels*/) const override { return outputs_; }
  [[nodiscard]] std::vector<Detections> infer(std::span<const ImageView> /*images*/,
                                              const InferenceOptions& /*options*/) const override {
    return {};
  }
  [[nodiscard]] std::vector<Detections> post_process(const NetworkOutputs& outputs,
                                                     std::span<const PreprocessingMetadata> /*placements*/,
                                                     const InferenceOptions& /*options*/) const override {
    std::vector<Box> boxes;
    std::vector<std::int32_t> classes;
    std::vector<float> scores;
    const std::vector<float>& rows = outputs.front().values;
    for (std::size_t i = 0; i + 4 < rows.size(); i += 5) {
      const auto x = static_cast<std::int32_t>(rows[i]);
      const auto y = static_cast<std::int32_t>(rows[i + 1]);
      const auto side = static_cast<std::int32_t>(rows[i + 2]);
      boxes.push_back({x, y, x + side, y + side});
      classes.push_back(static_cast<std::int32_t>(rows[i + 3]));
      scores.push_back(rows[i + 4]);
    }
    return {Detections(std::move(boxes), std::move(classes), std::move(scores))};
  }

 private:
  NetworkOutputs outputs_;
};

NetworkOutputs rows(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return {{{1, count}, std::move(values)}};
}

EngineAccuracy compare(const NetworkOutputs& onnx, const NetworkOutputs& engine) {
  const SampleImages none;
  const CompileSamples samples(none);
  const CompileProgressCallback nobody;
  CompileReporter reporter(nobody);
  return compare_engine(FixedModel(onnx), FixedModel(engine), samples, 16, reporter);
}

TEST(EngineAccuracy, SaysHowFarValuesAreApart) {
  const EngineAccuracy accuracy = compare(rows({1, -8, 3, 0}), rows({1, -8.5F, 3, 0.25F}));
  ASSERT_EQ(accuracy.outputs.size(), 1U);
  EXPECT_EQ(accuracy.outputs[0].max_abs, 0.5);
  EXPECT_EQ(accuracy.outputs[0].mean_abs, 0.75 / 4);
  EXPECT_EQ(accuracy.outputs[0].largest, 8);
}

TEST(EngineAccuracy, ValuesThatAreNoNumbersDoNotGoUnnoticed) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isinf(compare(rows({1, 2}), rows({nan, 2})).outputs[0].max_abs));
  EXPECT_EQ(compare(rows({nan, 2}), rows({nan, 2})).outputs[0].max_abs, 0);
}

TEST(EngineAccuracy, MatchesBoxesOfOneClassThatOverlapByHalf) {
  const EngineAccuracy accuracy = compare(rows({0, 0, 100, 1, 0.9F,      //
                                                300, 300, 100, 2, 0.8F,  //
                                                600, 0, 100, 1, 0.7F}),
                                          rows({0, 20, 100, 1, 0.85F,     // 80 of 120 rows in common
                                                300, 300, 100, 3, 0.8F,   // another class
                                                670, 0, 100, 1, 0.7F}));  // too far away
  ASSERT_TRUE(accuracy.detections.has_value());
  EXPECT_EQ(accuracy.detections->onnx_boxes, 3U);
  EXPECT_EQ(accuracy.detections->engine_boxes, 3U);
  EXPECT_EQ(accuracy.detections->matched, 1U);
  EXPECT_THAT(accuracy.detections->min_iou, DoubleNear(80.0 / 120, 1e-9));
  EXPECT_THAT(accuracy.detections->max_score_difference, DoubleNear(0.05, 1e-6));
}

TEST(EngineAccuracy, ABoxIsMatchedOnceAndWithTheNearest) {
  const EngineAccuracy accuracy =
      compare(rows({0, 0, 100, 1, 0.9F, 0, 10, 100, 1, 0.8F}), rows({0, 10, 100, 1, 0.9F, 0, 0, 100, 1, 0.8F}));
  EXPECT_EQ(accuracy.detections->matched, 2U);
  EXPECT_EQ(accuracy.detections->min_iou, 1);
}

TEST(EngineAccuracy, OutputsOfAnotherShapeAreAnError) {
  EXPECT_THROW((void)compare(rows({1, 2}), rows({1, 2, 3})), ModelRuntimeError);
  NetworkOutputs two = rows({1, 2});
  two.push_back(two.front());
  EXPECT_THROW((void)compare(rows({1, 2}), two), ModelRuntimeError);
}

TEST(EngineAccuracy, SurvivesItsJson) {
  EngineAccuracy accuracy = compare(rows({0, 0, 100, 1, 0.9F}), rows({0, 20, 100, 1, 0.85F}));
  accuracy.outputs.push_back({.max_abs = std::numeric_limits<double>::infinity(), .mean_abs = 1, .largest = 2});
  const EngineAccuracy again = read_accuracy(Json::parse(accuracy_json(accuracy).dump()));
  EXPECT_EQ(accuracy_json(again), accuracy_json(accuracy));
  EXPECT_TRUE(std::isinf(again.outputs[1].max_abs));
  EXPECT_EQ(again.detections->mean_iou, accuracy.detections->mean_iou);
  EXPECT_TRUE(read_accuracy(Json::parse(R"({"outputs": 3, "detections": [], "images": -1})")).outputs.empty());
}

}  // namespace
}  // namespace inference_exp
