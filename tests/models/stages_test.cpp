// infer taken apart: the three stages in a row give what infer gives, and what a caller passes between them is checked.
#include <gmock/gmock.h>

#include <cstddef>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "inference_exp/errors.hpp"
#include "models/rfdetr_fixtures.hpp"
#include "models/yolo_fixtures.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using testing::FakeOutput;
using testing::GreyImage;
using ::testing::HasSubstr;

/// More images than a batch, of different sizes and answers.
const std::vector<GreyImage>& pictures() {
  static const std::vector<GreyImage> made = [] {
    std::vector<GreyImage> images;
    for (std::int32_t i = 0; i < 11; ++i) images.emplace_back(Size{80 + i, 60}, static_cast<std::uint8_t>(i % 2));
    return images;
  }();
  return made;
}

std::vector<ImageView> views() {
  std::vector<ImageView> images;
  for (const GreyImage& image : pictures()) images.push_back(image.view());
  return images;
}

/// Two answers, so that a mix-up of images is seen.
FakeOutput two_grids(std::size_t extra) {
  FakeOutput output = testing::grid_output(testing::golden_grid(5, 40, 2, 64, extra), 6 + extra);
  output.answers.push_back(testing::golden_grid(6, 40, 2, 64, extra));
  return output;
}

models::ModelInit detection_init() { return testing::yolo_init("yolov8", "object-detection", 64, 2, {two_grids(0)}); }

models::ModelInit segmentation_init() {
  constexpr std::size_t kChannels = 4;
  testing::Lcg random(9);
  std::vector<float> prototypes(kChannels * 16 * 16);
  for (float& value : prototypes) value = random.uniform() - 0.3F;
  FakeOutput output{Shape{-1, kChannels, 16, 16}, Shape{kChannels, 16, 16}, {std::move(prototypes)}};
  return testing::yolo_init("yolov8", "instance-segmentation", 64, 2, {two_grids(kChannels), std::move(output)});
}

template <typename Task>
auto in_stages(const Task& model, const InferenceOptions& options = {}) {
  const PreparedImages prepared = model.pre_process(views(), options);
  return model.post_process(model.forward(prepared.pixels), prepared.placements, options);
}

TEST(Stages, OfADetectorGiveWhatInferGives) {
  const auto model = testing::make<ObjectDetectionModel>(detection_init());
  InferenceOptions options;
  options.confidence = 0.8;
  const std::vector<Detections> at_once = model->infer(views(), options);
  EXPECT_FALSE(at_once.front().empty());
  EXPECT_NE(at_once[0].confidence()[0], at_once[1].confidence()[0]);
  EXPECT_EQ(in_stages(*model, options), at_once);
}

TEST(Stages, OfASegmenterGiveWhatInferGives) {
  const auto model = testing::make<InstanceSegmentationModel>(segmentation_init());
  InferenceOptions options;
  options.mask_format = MaskFormat::rle;
  const std::vector<InstanceDetections> at_once = model->infer(views(), options);
  const std::vector<InstanceDetections> in_turn = in_stages(*model, options);
  ASSERT_EQ(in_turn.size(), at_once.size());
  for (std::size_t i = 0; i < at_once.size(); ++i) {
    EXPECT_FALSE(at_once[i].empty());
    EXPECT_EQ(in_turn[i].detections, at_once[i].detections);
    EXPECT_EQ(std::get<RleMasks>(in_turn[i].masks), std::get<RleMasks>(at_once[i].masks));
  }
}

TEST(Stages, OfAKeyPointModelGiveWhatInferGives) {
  models::ModelInit init = testing::yolo_init("yolov8", "keypoint-detection", 64, 2, {two_grids(6)});
  init.skeletons = {{{"nose", "tail"}, {{0, 1}}}, {{"head", "foot"}, {{0, 1}}}};
  const auto model = testing::make<KeyPointDetectionModel>(std::move(init));
  const std::vector<KeyPoints> at_once = model->infer(views());
  const std::vector<KeyPoints> in_turn = in_stages(*model);
  ASSERT_EQ(in_turn.size(), at_once.size());
  for (std::size_t i = 0; i < at_once.size(); ++i) {
    EXPECT_FALSE(at_once[i].empty());
    EXPECT_EQ(in_turn[i].detections, at_once[i].detections);
    EXPECT_EQ(in_turn[i].points, at_once[i].points);
  }
}

TEST(Stages, OfRfdetrGiveWhatInferGives) {
  const testing::RfdetrTensors tensors = testing::golden_rfdetr_tensors(3, 20, 4);
  const auto model = testing::make<ObjectDetectionModel>(testing::rfdetr_init(64, 4, tensors.outputs()));
  const std::vector<Detections> at_once = model->infer(views());
  EXPECT_FALSE(at_once.front().empty());
  EXPECT_EQ(in_stages(*model), at_once);
}

TEST(Stages, TellShapesAndPlaces) {
  const auto model = testing::make<ObjectDetectionModel>(detection_init());
  const PreparedImages prepared = model->pre_process(views());
  EXPECT_THAT(prepared.pixels.shape, ElementsAre(11, 3, 64, 64));
  ASSERT_EQ(prepared.placements.size(), 11U);
  EXPECT_EQ(prepared.placements[2].original_size, (Size{82, 60}));
  EXPECT_EQ(prepared.placements[2].inference_size, (Size{64, 64}));
  const NetworkOutputs outputs = model->forward(prepared.pixels);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_THAT(outputs[0].shape, ElementsAre(11, 6, 40));
}

TEST(Stages, WithoutAnImageAreRefused) {
  const auto model = testing::make<ObjectDetectionModel>(detection_init());
  EXPECT_THROW((void)model->pre_process({}), ModelInputError);
}

TEST(Stages, RefusePixelsOfAnotherShape) {
  const auto model = testing::make<ObjectDetectionModel>(detection_init());
  EXPECT_THROW((void)model->forward({}), ModelInputError);
  EXPECT_THROW((void)model->forward({{1, 3, 4, 4}, {}}), ModelInputError);
  EXPECT_THROW((void)model->forward({{1, 1, 4, 4}, std::vector<float>(16)}), ModelInputError);
  EXPECT_THROW((void)model->forward({{3, 4, 4}, std::vector<float>(48)}), ModelInputError);
  EXPECT_THROW((void)model->forward({{-1, 3, 4, 4}, std::vector<float>(48)}), ModelInputError);
  EXPECT_THROW((void)model->forward({{0, 3, 4, 4}, {}}), ModelInputError);
  EXPECT_THROW((void)model->forward({std::vector<std::int64_t>(9, 1), {0}}), ModelInputError);
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  EXPECT_ANY_THROW((void)model->forward({{kHuge, 3, kHuge, kHuge}, {}}));
}

/// A batch of one that post_process takes as it is.
struct Batch {
  NetworkOutputs outputs;
  std::vector<PreprocessingMetadata> placements;
};

Batch good_batch(const InstanceSegmentationModel& model) {
  const std::vector<ImageView> one{pictures().front().view()};
  PreparedImages prepared = model.pre_process(one);
  return {model.forward(prepared.pixels), std::move(prepared.placements)};
}

std::string refusal(const InstanceSegmentationModel& model, const Batch& batch) {
  try {
    (void)model.post_process(batch.outputs, batch.placements);
  } catch (const ModelInputError& error) {
    return error.message();
  }
  return "";
}

TEST(Stages, RefuseOutputsThatAreNotOfOneBatchWithThePlacements) {
  const auto model = testing::make<InstanceSegmentationModel>(segmentation_init());
  const Batch good = good_batch(*model);
  EXPECT_EQ(refusal(*model, good), "");

  Batch more = good;
  more.placements.push_back(more.placements.front());
  EXPECT_THAT(refusal(*model, more), HasSubstr("2 images"));
  Batch fewer = good;
  fewer.outputs.pop_back();
  EXPECT_THAT(refusal(*model, fewer), HasSubstr("There are 1 outputs"));
  Batch short_of_values = good;
  short_of_values.outputs[1].values.pop_back();
  EXPECT_THAT(refusal(*model, short_of_values), HasSubstr("Output 1"));
}

/// Masks are written where the placement says: whatever it says must stay inside the image.
TEST(Stages, RefusePlacementsThatPointOutsideTheImage) {
  const auto model = testing::make<InstanceSegmentationModel>(segmentation_init());
  const Batch good = good_batch(*model);
  const auto refuses = [&](auto&& spoil) {
    Batch bad = good;
    spoil(bad.placements.front());
    return !refusal(*model, bad).empty();
  };
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.original_size = {0, 60}; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.original_size.width = kMost; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.original_size.width -= 1; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.size_after_pre_processing.height += 1; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.static_crop.x = 1; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.static_crop.y = -1; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.static_crop.y = kMost; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.inference_size.height = 0; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.scale_width = 0; }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.scale_height = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refuses([](PreprocessingMetadata& p) { p.pad_left = -kMost; }));
}

TEST(Stages, TakePadsThatLeaveNothingOfTheImage) {
  const auto model = testing::make<InstanceSegmentationModel>(segmentation_init());
  for (const std::int32_t pad : {-65'535, -64, 64, 65'535}) {
    Batch odd = good_batch(*model);
    odd.placements.front().pad_left = pad;
    odd.placements.front().pad_bottom = pad;
    EXPECT_EQ(refusal(*model, odd), "") << pad;
  }
}

}  // namespace
}  // namespace inference_exp
