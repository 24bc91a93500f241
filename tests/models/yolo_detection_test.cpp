#include <gmock/gmock.h>

#include <limits>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "models/yolo_fixtures.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using testing::FakeOutput;
using testing::GreyImage;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kTask = "object-detection";
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// One anchor's column of an anchor grid.
using Anchor = std::vector<float>;

std::vector<float> grid_of(const std::vector<Anchor>& anchors) {
  std::vector<float> grid;
  for (std::size_t row = 0; row < anchors.front().size(); ++row) {
    for (const Anchor& anchor : anchors) grid.push_back(anchor[row]);
  }
  return grid;
}

/// A 64 x 64 network with two classes that sees `anchors`.
models::ModelInit grid_init(const std::vector<Anchor>& anchors) {
  return testing::yolo_init("yolov8", std::string(kTask), 64, 2, {testing::grid_output(grid_of(anchors), 6)});
}

/// A network of ready rows: x1, y1, x2, y2, score, class.
models::ModelInit rows_init(const std::string& architecture, const std::vector<float>& rows) {
  return testing::yolo_init(architecture, std::string(kTask), 64, 2, {testing::row_output(rows, 6)});
}

Detections infer(models::ModelInit init, const InferenceOptions& options = {}) {
  const GreyImage image({64, 64});
  return testing::make<ObjectDetectionModel>(std::move(init))->infer(image.view(), options);
}

InferenceOptions with_confidence(double confidence) {
  InferenceOptions options;
  options.confidence = confidence;
  return options;
}

TEST(YoloDetection, TurnsCentresIntoCorners) {
  EXPECT_EQ(infer(grid_init({{20, 30, 10, 20, 0.1F, 0.9F}})), Detections({{15, 20, 25, 40}}, {1}, {0.9F}));
}

TEST(YoloDetection, TellsWhatItIs) {
  const auto model = testing::make<ObjectDetectionModel>(grid_init({{0, 0, 0, 0, 0, 0}}));
  EXPECT_EQ(model->task(), kTask);
  EXPECT_EQ(model->architecture(), "yolov8");
  EXPECT_EQ(model->backend(), "fake");
  EXPECT_EQ(model->input_size(), (Size{64, 64}));
  EXPECT_THAT(model->class_names(), ElementsAre("class 0", "class 1"));
  EXPECT_GE(model->max_batch_size(), 1);
}

TEST(YoloDetection, UsesTheDefaultsOfTheFamily) {
  // Above 0.4, IoU 0.3: the second box overlaps the first by a third and goes, the third one scores too little.
  const Detections detections =
      infer(grid_init({{10, 10, 10, 10, 0.9F, 0}, {15, 10, 10, 10, 0.8F, 0}, {40, 40, 10, 10, 0.4F, 0}}));
  EXPECT_THAT(detections.confidence(), ElementsAre(0.9F));
}

TEST(YoloDetection, ObeysItsOptions) {
  const models::ModelInit init =
      grid_init({{10, 10, 10, 10, 0.9F, 0}, {10, 10, 10, 10, 0, 0.8F}, {15, 10, 10, 10, 0.7F, 0}});
  InferenceOptions options;
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.9F, 0.8F));
  options.iou_threshold = 0.5;
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.9F, 0.8F, 0.7F));
  options.class_agnostic_nms = true;
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.9F, 0.7F));
  options.max_detections = 1;
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.9F));
  options.per_class_confidence["class 0"] = 0.95;
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.8F));
}

TEST(YoloDetection, GivesOneResultPerImageInOrder) {
  models::ModelInit init = grid_init({{10, 10, 10, 10, 0.9F, 0}});
  std::vector<std::vector<float>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(grid_of({{10.F + float(i), 10, 10, 10, 0.9F, 0}}));
  const FakeOutput output{Shape{-1, 6, 1}, Shape{6, 1}, answers};
  for (const std::int64_t batch : {-1, 1, 2, 8}) {
    init.session = std::make_shared<testing::FakeSession>(Shape{batch, 3, 64, 64}, std::vector{output});
    const auto model = testing::make<ObjectDetectionModel>(init);
    std::vector<GreyImage> images;
    for (std::uint8_t i = 0; i < 5; ++i) images.emplace_back(Size{64, 64}, i);
    std::vector<ImageView> views;
    for (const GreyImage& image : images) views.push_back(image.view());
    const std::vector<Detections> results = model->infer(views);
    ASSERT_THAT(results, SizeIs(5));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(results[std::size_t(i)].xyxy()[0].x_min, 5 + i) << "batch " << batch;
  }
}

TEST(YoloDetection, RefusesAnEmptyListOfImages) {
  const auto model = testing::make<ObjectDetectionModel>(grid_init({{0, 0, 0, 0, 0, 0}}));
  EXPECT_THROW((void)model->infer(std::span<const ImageView>()), ModelInputError);
}

TEST(YoloDetection, FillsTheTimings) {
  StageTimings timings{-1, -1, -1};
  InferenceOptions options;
  options.timings = &timings;
  (void)infer(grid_init({{20, 30, 10, 20, 0.1F, 0.9F}}), options);
  EXPECT_GE(timings.pre_process, 0);
  EXPECT_GE(timings.run, 0);
  EXPECT_GE(timings.post_process, 0);
}

TEST(YoloDetection, DropsNanAndInfinityAndKeepsTheRest) {
  const Detections detections = infer(grid_init({{20, 30, 10, 20, kNan, 0.9F},
                                                 {kNan, 30, 10, 20, 0.9F, 0},
                                                 {20, 30, kInfinity, 20, 0.9F, 0},
                                                 {kInfinity, 30, kInfinity, 20, 0.9F, 0},
                                                 {20, 30, 10, 20, kInfinity, 0},
                                                 {3e38F, 30, 3e38F, 20, 0.8F, 0},
                                                 {20, 30, 10, 20, 0.1F, 0.9F}}));
  EXPECT_EQ(detections.xyxy().front(), (Box{15, 20, 25, 40}));
  EXPECT_LE(detections.size(), 2U);
}

// Ready rows.

TEST(YoloDetection, KeepsFusedRowsFromTheThresholdOnInTheirOwnOrder) {
  for (const std::string architecture : {"yolov8", "yolo26"}) {
    models::ModelInit init = rows_init(architecture, {10, 10, 20, 20, 0.5F, 1,  //
                                                      10, 10, 20, 20, 0.9F, 0,  // the same place: no suppression here
                                                      10, 10, 20, 20, 0.49F, 0});
    init.config.post_processing->fused = true;
    InferenceOptions options = with_confidence(0.5);
    options.max_detections = 1;  // frozen at export
    EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.5F, 0.9F)) << architecture;
    options.per_class_confidence["class 0"] = 0.95;
    EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.5F)) << architecture;
  }
}

TEST(YoloDetection, TakesTheFirstRowsOfYolov10StrictlyAboveTheThreshold) {
  const models::ModelInit init = rows_init("yolov10", {10, 10, 20, 20, 0.9F, 1,  //
                                                       10, 10, 20, 20, 0.8F, 0,  //
                                                       10, 10, 20, 20, 0.5F, 0});
  InferenceOptions options = with_confidence(0.5);
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.9F, 0.8F));
  options.max_detections = 1;
  EXPECT_THAT(infer(init, options).confidence(), ElementsAre(0.9F));
}

TEST(YoloDetection, DropsRowsWithNan) {
  const Detections detections = infer(rows_init("yolov10", {10,   10, 20, 20, kNan, 1,     //
                                                            kNan, 10, 20, 20, 0.9F, 1,     //
                                                            10,   10, 20, 20, 0.9F, kNan,  //
                                                            10,   10, 20, 20, 0.8F, 1}));
  EXPECT_THAT(detections.confidence(), ElementsAre(0.8F));
}

TEST(YoloDetection, RefusesAClassThatHasNoName) {
  for (const float class_id : {2.F, -1.F, 1e20F}) {
    EXPECT_THROW((void)infer(rows_init("yolov10", {10, 10, 20, 20, 0.9F, class_id})), ModelRuntimeError);
  }
  EXPECT_TRUE(infer(rows_init("yolov10", {10, 10, 20, 20, 0.1F, 7})).empty()) << "rows below the threshold don't count";
}

// Outputs that only show at run time.

TEST(YoloDetection, RefusesOutputsOfAnotherShapeAndGoesOn) {
  models::ModelInit init = grid_init({{0, 0, 0, 0, 0, 0}});
  for (const Shape& actual : {Shape{7, 4}, Shape{1, 6, 4}, Shape{6}, Shape{5, 4}}) {
    const FakeOutput output{Shape{-1, -1, -1}, actual, {std::vector<float>(actual.element_count())}};
    init.session = std::make_shared<testing::FakeSession>(Shape{-1, 3, 64, 64}, std::vector{output});
    EXPECT_THROW((void)infer(init), ModelRuntimeError) << actual.to_string();
  }
}

TEST(YoloDetection, AcceptsAnOutputWithoutAnchors) {
  models::ModelInit init = grid_init({{0, 0, 0, 0, 0, 0}});
  init.session = std::make_shared<testing::FakeSession>(Shape{-1, 3, 64, 64},
                                                        std::vector{FakeOutput{Shape{-1, 6, -1}, Shape{6, 0}, {{}}}});
  EXPECT_TRUE(infer(init).empty());
}

// Options.

TEST(YoloDetection, RefusesOptionsOutOfRange) {
  const models::ModelInit init = grid_init({{0, 0, 0, 0, 0, 0}});
  const auto expect_refused = [&](const char* name, auto change) {
    InferenceOptions options;
    change(options);
    try {
      (void)infer(init, options);
      FAIL() << name;
    } catch (const InvalidParameterError& error) {
      EXPECT_THAT(error.message(), HasSubstr(name));
      EXPECT_FALSE(error.hint().empty()) << name;
    }
  };
  for (const double value :
       {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    expect_refused("confidence", [&](InferenceOptions& options) { options.confidence = value; });
    expect_refused("iou_threshold", [&](InferenceOptions& options) { options.iou_threshold = value; });
    expect_refused("key_points_threshold", [&](InferenceOptions& options) { options.key_points_threshold = value; });
    expect_refused("mask_threshold", [&](InferenceOptions& options) { options.mask_threshold = value; });
    expect_refused("class 1", [&](InferenceOptions& options) { options.per_class_confidence["class 1"] = value; });
  }
  expect_refused("mask_threshold", [](InferenceOptions& options) {
    options.mask_smoothing = false;
    options.mask_threshold = std::numeric_limits<double>::quiet_NaN();
  });
  expect_refused("max_detections", [](InferenceOptions& options) { options.max_detections = 0; });
  expect_refused("zebra", [](InferenceOptions& options) { options.per_class_confidence["zebra"] = 0.5; });
  expect_refused("image_size", [](InferenceOptions& options) { options.image_size = Size{0, 64}; });
  expect_refused("image_size", [](InferenceOptions& options) { options.image_size = Size{64, 70000}; });
}

/// Collects warnings while it lives.
class Warnings {
 public:
  Warnings() {
    set_log_callback([this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) messages_.emplace_back(text);
    });
  }
  ~Warnings() { set_log_callback({}); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }

 private:
  std::vector<std::string> messages_;
};

TEST(YoloDetection, IgnoresImageSizeWithAWarningWhereTheNetworkIsFixed) {
  const models::ModelInit init = grid_init({{20, 30, 10, 20, 0.1F, 0.9F}});
  InferenceOptions options;
  options.image_size = Size{128, 128};
  const Warnings warnings;
  EXPECT_EQ(infer(init, options).xyxy()[0], (Box{15, 20, 25, 40}));
  EXPECT_THAT(warnings.messages(), ElementsAre(HasSubstr("image_size")));
}

TEST(YoloDetection, RoundsImageSizeUpToWhatADynamicNetworkTakes) {
  models::ModelInit init = grid_init({{20, 30, 10, 20, 0.1F, 0.9F}});
  init.session = std::make_shared<testing::FakeSession>(
      Shape{-1, 3, -1, -1}, std::vector{testing::grid_output(grid_of({{20, 30, 10, 20, 0.1F, 0.9F}}), 6)});
  init.config.network_input.dynamic_spatial_size_supported = true;
  init.config.network_input.dynamic_spatial_size_mode = packages::PadToBeDivisible{32};
  InferenceOptions options;
  options.image_size = Size{100, 128};  // becomes 128 x 128: twice the image
  const Warnings warnings;
  EXPECT_EQ(infer(init, options).xyxy()[0], (Box{8, 10, 12, 20}));
  EXPECT_THAT(warnings.messages(), ElementsAre());
}

}  // namespace
}  // namespace inference_exp
