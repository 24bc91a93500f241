#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "inference_exp/errors.hpp"
#include "models/yolo_fixtures.hpp"
#include "vision/masks.hpp"

namespace inference_exp {
namespace {

using testing::FakeOutput;
using testing::GreyImage;

constexpr std::size_t kChannels = 4;

std::vector<float> prototypes() {
  testing::Lcg random(9);
  std::vector<float> values(kChannels * 16 * 16);
  for (float& value : values) value = random.uniform() - 0.3F;
  return values;
}

FakeOutput prototype_output() { return {Shape{-1, kChannels, 16, 16}, Shape{kChannels, 16, 16}, {prototypes()}}; }

models::ModelInit segmentation_init(FakeOutput rows) {
  return testing::yolo_init("yolov8", "instance-segmentation", 64, 2, {std::move(rows), prototype_output()});
}

models::ModelInit grid_init() {
  return segmentation_init(testing::grid_output(testing::golden_grid(5, 40, 2, 64, kChannels), 6 + kChannels));
}

InstanceDetections infer(models::ModelInit init, const InferenceOptions& options = {}) {
  const GreyImage image({80, 60});
  return testing::make<InstanceSegmentationModel>(std::move(init))->infer(image.view(), options);
}

TEST(YoloSegmentation, KeepsTheShapeOfEmptyResults) {
  InferenceOptions options;
  options.confidence = 1;
  const InstanceDetections dense = infer(grid_init(), options);
  EXPECT_TRUE(dense.empty());
  EXPECT_EQ(std::get<DenseMasks>(dense.masks).count(), 0U);
  EXPECT_EQ(std::get<DenseMasks>(dense.masks).size(), (Size{80, 60}));
  options.mask_format = MaskFormat::rle;
  EXPECT_EQ(std::get<RleMasks>(infer(grid_init(), options).masks), (RleMasks{{80, 60}, {}}));
}

TEST(YoloSegmentation, GivesTheSameMasksDenseAndAsRunLengths) {
  InferenceOptions options;
  const InstanceDetections dense = infer(grid_init(), options);
  options.mask_format = MaskFormat::rle;
  const InstanceDetections compressed = infer(grid_init(), options);
  ASSERT_GT(dense.size(), 3U);
  EXPECT_EQ(compressed.detections, dense.detections);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    EXPECT_EQ(std::get<RleMasks>(compressed.masks).counts[i],
              encode_rle(std::get<DenseMasks>(dense.masks).mask(i), {80, 60}));
  }
}

TEST(YoloSegmentation, ReadsFusedRowsToo) {
  models::ModelInit init = segmentation_init(
      testing::row_output({8, 12, 40, 44, 0.9F, 1, 3, -1, 2, 1, 0, 0, 0, 0, 0.1F, 0, 0, 0, 0, 0}, 6 + kChannels));
  init.config.post_processing->fused = true;
  const InstanceDetections result = infer(init);
  ASSERT_EQ(result.size(), 1U);
  EXPECT_EQ(result.detections.xyxy()[0], (Box{10, 5, 50, 45}));

  const std::vector<float> values = prototypes();
  const std::vector<float> coefficients = {3, -1, 2, 1};
  PreprocessingMetadata placement;
  placement.pad_top = placement.pad_bottom = 8;
  placement.inference_size = {64, 64};
  placement.original_size = placement.size_after_pre_processing = {80, 60};
  const std::vector<std::uint8_t> expected =
      vision::paint_mask_reference({values, kChannels, {16, 16}}, placement, {}, {{8, 12, 40, 44}, coefficients});
  EXPECT_THAT(std::get<DenseMasks>(result.masks).mask(0), ::testing::ElementsAreArray(expected));
}

TEST(YoloSegmentation, FindsItsOutputsInEitherOrder) {
  models::ModelInit swapped = grid_init();
  swapped.session = std::make_shared<testing::FakeSession>(
      Shape{-1, 3, 64, 64},
      std::vector{prototype_output(),
                  testing::grid_output(testing::golden_grid(5, 40, 2, 64, kChannels), 6 + kChannels)});
  EXPECT_EQ(infer(swapped).detections, infer(grid_init()).detections);
}

TEST(YoloSegmentation, MayBeCalledFromManyThreadsAtOnce) {
  const auto model = testing::make<InstanceSegmentationModel>(grid_init());
  const GreyImage image({80, 60});
  InferenceOptions options;
  options.mask_format = MaskFormat::rle;
  const InstanceDetections expected = model->infer(image.view(), options);
  std::vector<std::thread> threads;
  std::atomic<int> differing{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const InstanceDetections result = model->infer(image.view(), options);
        if (result.detections != expected.detections ||
            std::get<RleMasks>(result.masks) != std::get<RleMasks>(expected.masks))
          ++differing;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differing, 0);
}

TEST(YoloSegmentation, RefusesPrototypesOfAnotherShape) {
  models::ModelInit init = grid_init();
  for (const Shape& actual : {Shape{3, 16, 16}, Shape{kChannels, 16}, Shape{kChannels, 0, 16}}) {
    init.session = std::make_shared<testing::FakeSession>(
        Shape{-1, 3, 64, 64},
        std::vector{testing::grid_output(testing::golden_grid(5, 40, 2, 64, kChannels), 6 + kChannels),
                    FakeOutput{Shape{-1, kChannels, -1, -1}, actual, {std::vector<float>(actual.element_count())}}});
    EXPECT_THROW((void)infer(init), ModelRuntimeError) << actual.to_string();
  }
}

}  // namespace
}  // namespace inference_exp
