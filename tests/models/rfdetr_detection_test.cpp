// RF-DETR from picture to detections, over a network that knows its answers by heart.
#include <gmock/gmock.h>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "models/rfdetr_fixtures.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using testing::FakeOutput;
using testing::FakeSession;
using testing::GreyImage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RfdetrTensors;
using testing::sure_boxes;

std::unique_ptr<ObjectDetectionModel> model_of(models::ModelInit init) {
  return testing::make<ObjectDetectionModel>(std::move(init));
}

models::ModelInit init_with(const RfdetrTensors& tensors, std::int32_t size = 64) {
  return testing::rfdetr_init(size, static_cast<std::size_t>(tensors.classes), tensors.outputs());
}

TEST(RfdetrDetection, GivesBoxesInPixelsOfTheImage) {
  const auto model = model_of(init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.25F}}, 1, 3)));
  const Detections detections = model->infer(GreyImage({200, 100}).view());
  EXPECT_THAT(detections.xyxy(), ElementsAre(Box{50, 38, 150, 62}));
  EXPECT_THAT(detections.class_id(), ElementsAre(1));
  EXPECT_GT(detections.confidence()[0], 0.99F);
}

TEST(RfdetrDetection, ClampsBoxesToTheImage) {
  const auto model = model_of(init_with(sure_boxes({{0.F, 1.F, 0.5F, 0.5F}}, 0, 1)));
  EXPECT_THAT(model->infer(GreyImage({200, 100}).view()).xyxy(), ElementsAre(Box{0, 75, 50, 100}));
}

TEST(RfdetrDetection, LeavesOutBoxesThatAreNoNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto model = model_of(init_with(sure_boxes({{nan, 0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1)));
  EXPECT_EQ(model->infer(GreyImage({200, 100}).view()).size(), 1U);
}

TEST(RfdetrDetection, FindsItsOutputsByNameInAnyOrder) {
  const RfdetrTensors tensors = sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 2, 4);  // both outputs are [1, 4]
  models::ModelInit init = init_with(tensors);
  init.session = std::make_shared<FakeSession>(Shape{-1, 3, 64, 64}, std::vector{tensors.labels(), tensors.dets()});
  EXPECT_THAT(model_of(std::move(init))->infer(GreyImage({100, 100}).view()).xyxy(), ElementsAre(Box{25, 25, 75, 75}));
}

TEST(RfdetrDetection, HasAConfidenceOfPointFourByDefault) {
  RfdetrTensors tensors = sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1);
  tensors.logits = {-0.40F, -0.41F};  // 0.4013 and 0.3989
  EXPECT_EQ(model_of(init_with(tensors))->infer(GreyImage({64, 64}).view()).size(), 1U);
}

TEST(RfdetrDetection, IgnoresOptionsOfSuppression) {
  const auto model = model_of(init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1)));
  InferenceOptions options;
  options.max_detections = 1;
  options.iou_threshold = 0.1;
  EXPECT_EQ(model->infer(GreyImage({64, 64}).view(), options).size(), 2U);
}

TEST(RfdetrDetection, RefusesOptionsOutOfRange) {
  const auto model = model_of(init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1)));
  InferenceOptions options;
  options.confidence = 1.5;
  EXPECT_THROW((void)model->infer(GreyImage({64, 64}).view(), options), InvalidParameterError);
  options.confidence.reset();
  options.per_class_confidence["no such class"] = 0.5;
  EXPECT_THROW((void)model->infer(GreyImage({64, 64}).view(), options), InvalidParameterError);
  EXPECT_THROW((void)model->infer(std::span<const ImageView>()), ModelInputError);
}

TEST(RfdetrDetection, TakesThresholdsByTheNamesThatAreLeft) {
  models::ModelInit init = init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 2, 3));
  init.class_names = {"background_class83422", "cat", "dog"};
  init.config.class_names_operations = {{"background_class83422"}};
  const auto model = model_of(std::move(init));
  EXPECT_THAT(model->class_names(), ElementsAre("cat", "dog"));
  EXPECT_THAT(model->infer(GreyImage({64, 64}).view()).class_id(), ElementsAre(1));
  InferenceOptions options;
  options.per_class_confidence["dog"] = 1.0;
  EXPECT_THAT(model->infer(GreyImage({64, 64}).view(), options).class_id(), IsEmpty());
  options.per_class_confidence = {{"background_class83422", 0.5}};
  EXPECT_THROW((void)model->infer(GreyImage({64, 64}).view(), options), InvalidParameterError);
}

TEST(RfdetrDetection, UndoesTheFirstOfTwoResizeSteps) {
  models::ModelInit init = init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.25F}}, 0, 1), 28);
  init.config.network_input.resize_mode = ResizeMode::letterbox;
  init.config.network_input.dataset_version_resize_dimensions = Size{100, 200};
  // 50 x 50 becomes 100 x 100, with 50 rows of padding above and below.
  EXPECT_THAT(model_of(std::move(init))->infer(GreyImage({50, 50}).view()).xyxy(), ElementsAre(Box{12, 12, 38, 38}));
}

TEST(RfdetrDetection, AddsTheStaticCropsPlace) {
  models::ModelInit init = init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1));
  init.config.image_pre_processing.static_crop = packages::StaticCropStep{true, {50, 0, 100, 100}};
  const auto model = model_of(std::move(init));
  EXPECT_THAT(model->infer(GreyImage({200, 100}).view()).xyxy(), ElementsAre(Box{125, 25, 175, 75}));
  InferenceOptions options;
  options.disable_static_crop = true;
  EXPECT_THAT(model->infer(GreyImage({200, 100}).view(), options).xyxy(), ElementsAre(Box{50, 25, 150, 75}));
}

TEST(RfdetrDetection, AnswersEachImageOfABatch) {
  RfdetrTensors first = sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 0, 2);
  const RfdetrTensors second = sure_boxes({{0.25F, 0.25F, 0.5F, 0.5F}}, 1, 2);
  FakeOutput dets = first.dets();
  FakeOutput labels = first.labels();
  dets.answers.push_back(second.boxes);
  labels.answers.push_back(second.logits);
  models::ModelInit init = testing::rfdetr_init(64, 2, {dets, labels});
  init.config.forward_pass.max_dynamic_batch_size = 2;
  const auto model = model_of(std::move(init));
  const GreyImage dark({100, 100}, 0);
  const GreyImage light({200, 200}, 1);
  const std::vector<ImageView> images{dark.view(), light.view(), dark.view()};
  const std::vector<Detections> results = model->infer(images);
  ASSERT_EQ(results.size(), 3U);
  EXPECT_THAT(results[0].xyxy(), ElementsAre(Box{25, 25, 75, 75}));
  EXPECT_THAT(results[1].xyxy(), ElementsAre(Box{0, 0, 100, 100}));
  EXPECT_THAT(results[1].class_id(), ElementsAre(1));
  EXPECT_EQ(results[2], results[0]);
}

/// As the Torch plug-in describes itself: any size of whole windows.
models::ModelInit dynamic_init() {
  models::ModelInit init = init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1), 56);
  const auto session =
      std::make_shared<FakeSession>(Shape{-1, 3, -1, -1}, sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1).outputs());
  session->set_metadata({{"patch_size", "14"}, {"num_windows", "4"}});
  init.session = session;
  init.config.network_input.dynamic_spatial_size_supported = true;
  init.config.network_input.dynamic_spatial_size_mode = packages::AnySize{};
  return init;
}

TEST(RfdetrDetection, TakesOtherSizesWhereTheNetworkCanDivideThem) {
  const auto model = model_of(dynamic_init());
  InferenceOptions options;
  options.image_size = Size{112, 56};
  EXPECT_THAT(model->infer(GreyImage({100, 100}).view(), options).xyxy(), ElementsAre(Box{25, 25, 75, 75}));
  options.image_size = Size{112, 57};
  try {
    (void)model->infer(GreyImage({100, 100}).view(), options);
    FAIL() << "57 rows were accepted";
  } catch (const InvalidParameterError& error) {
    EXPECT_THAT(error.hint(), HasSubstr("multiple of 56"));
  }
}

TEST(RfdetrDetection, KeepsAFixedSizeWithAWarning) {
  std::string warning;
  const auto model = model_of(init_with(sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}}, 0, 1)));
  InferenceOptions options;
  options.image_size = Size{128, 128};
  set_log_callback([&](LogLevel, std::string_view text) { warning = text; });
  EXPECT_EQ(model->infer(GreyImage({100, 100}).view(), options).size(), 1U);
  set_log_callback({});
  EXPECT_THAT(warning, HasSubstr("image_size is ignored"));
}

}  // namespace
}  // namespace inference_exp
