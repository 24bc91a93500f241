// After warm-up only the returned result touches the heap.
#include <gtest/gtest.h>

#include <vector>

#include "models/rfdetr_fixtures.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/allocation_counter.hpp"

namespace inference_exp {
namespace {

template <typename Action>
std::size_t count_allocations(const Action& action) {
  const std::size_t before = testing::allocations();
  action();
  return testing::allocations() - before;
}

/// Allocations of one call after three calls of warm-up.
template <typename M>
std::size_t steady_state(const M& model, const InferenceOptions& options) {
  const testing::GreyImage image({80, 60});
  const ImageView view = image.view();
  for (int i = 0; i < 3; ++i) (void)model.infer(view, options);
  return count_allocations([&] { (void)model.infer(view, options); });
}

InferenceOptions lenient() {
  InferenceOptions options;
  options.confidence = 0.1;
  return options;
}

TEST(Allocations, AreCounted) {
  EXPECT_EQ(count_allocations([] { std::vector<int> numbers(10); }), 1U);
}

TEST(Allocations, OfDetectionAreTheListAndItsThreeColumns) {
  // Once with few candidates, once with more than a thousand.
  for (const std::size_t anchors : {std::size_t{50}, std::size_t{3000}}) {
    const auto model = testing::make<ObjectDetectionModel>(testing::yolo_init(
        "yolov8", "object-detection", 64, 3, {testing::grid_output(testing::golden_grid(1, anchors, 3, 64, 0), 7)}));
    EXPECT_EQ(steady_state(*model, lenient()), 4U) << anchors << " anchors";
  }
}

TEST(Allocations, OfThresholdsPerClassAreNone) {
  const auto model = testing::make<ObjectDetectionModel>(testing::yolo_init(
      "yolov8", "object-detection", 64, 3, {testing::grid_output(testing::golden_grid(1, 50, 3, 64, 0), 7)}));
  InferenceOptions options = lenient();
  options.per_class_confidence["class 1"] = 0.2;
  EXPECT_EQ(steady_state(*model, options), 4U);
}

TEST(Allocations, OfRfdetrAreTheListAndItsThreeColumns) {
  const testing::RfdetrTensors tensors = testing::golden_rfdetr_tensors(1, 300, 91);
  const auto model = testing::make<ObjectDetectionModel>(testing::rfdetr_init(64, 91, tensors.outputs()));
  EXPECT_EQ(steady_state(*model, lenient()), 4U);
}

TEST(Allocations, OfMasksAreTheResultOnly) {
  const auto model = testing::make<InstanceSegmentationModel>(
      testing::yolo_init("yolov8", "instance-segmentation", 64, 2,
                         {testing::grid_output(testing::golden_grid(5, 40, 2, 64, 4), 10),
                          {Shape{-1, 4, 16, 16}, Shape{4, 16, 16}, {std::vector<float>(4 * 16 * 16, 0.5F)}}}));
  InferenceOptions options = lenient();
  EXPECT_EQ(steady_state(*model, options), 4U);  // pixels come zeroed from the system, past operator new
  const testing::GreyImage image({80, 60});
  const std::size_t rows = model->infer(image.view(), options).size();
  options.mask_format = MaskFormat::rle;
  EXPECT_LE(steady_state(*model, options), 5U + rows);  // at most one string a row
}

}  // namespace
}  // namespace inference_exp
