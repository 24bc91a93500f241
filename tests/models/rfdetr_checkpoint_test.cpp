// RF-DETR checkpoint files without a package.
#include "models/rfdetr_checkpoint.hpp"

#include <gmock/gmock.h>

#include "inference_exp/errors.hpp"
#include "models/coco_names.hpp"
#include "models/rfdetr_fixtures.hpp"

namespace inference_exp {
namespace {

using models::describe_rfdetr_checkpoint;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Metadata = std::map<std::string, std::string, std::less<>>;

Metadata base(const std::string& classes) {
  return {{"resolution", "560"},
          {"patch_size", "14"},
          {"num_windows", "4"},
          {"num_classes", classes},
          {"num_queries", "2"}};
}

Metadata base_with(const std::string& classes, const std::string& key, const std::string& value) {
  Metadata metadata = base(classes);
  metadata[key] = value;
  return metadata;
}

models::ModelInit describe(Metadata metadata, const LoadOptions& options = {}) {
  const auto tensors = testing::sure_boxes({{0.5F, 0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.2F, 0.2F}}, 1, 3);
  const auto session = std::make_shared<testing::FakeSession>(Shape{-1, 3, -1, -1}, tensors.outputs());
  session->set_metadata(std::move(metadata));
  return describe_rfdetr_checkpoint(session, options, "weights.pth");
}

template <typename E>
void expect_refused(const Metadata& metadata, const LoadOptions& options, const std::string& message,
                    const std::string& hint) {
  try {
    (void)describe(metadata, options);
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const E& error) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr("weights.pth"), HasSubstr(message)));
    EXPECT_THAT(error.hint(), HasSubstr(hint));
  }
}

void expect_bad_option(const LoadOptions& options, const std::string& message, const std::string& hint) {
  expect_refused<InvalidModelInitParameterError>(base("3"), options, message, hint);
}

TEST(RfdetrCheckpoint, IsDescribedByItsMetadata) {
  const models::ModelInit init = describe(base("3"));
  EXPECT_EQ(init.architecture, "rfdetr");
  EXPECT_EQ(init.task, "object-detection");
  EXPECT_THAT(init.class_names, ElementsAre("class 0", "class 1", "class 2"));
  const packages::NetworkInput& input = init.config.network_input;
  EXPECT_EQ(input.training_input_size, (Size{560, 560}));
  EXPECT_EQ(input.resize_mode, ResizeMode::stretch);
  EXPECT_EQ(input.color_mode, ColorMode::rgb);
  ASSERT_TRUE(input.normalization.has_value());
  EXPECT_FLOAT_EQ(input.normalization->mean[0], 0.485F);
  EXPECT_FLOAT_EQ(input.normalization->std[2], 0.225F);
  EXPECT_EQ(input.dynamic_spatial_size_mode, packages::DynamicSpatialSizeMode(packages::PadToBeDivisible{56}));
}

TEST(RfdetrCheckpoint, BecomesAModelThatFindsThings) {
  const auto model = testing::make<ObjectDetectionModel>(describe(base_with("3", "resolution", "112")));
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->input_size(), (Size{112, 112}));
  // White is positive after the normalization, as the fake session wants it.
  const testing::GreyImage white({100, 100}, 255);
  EXPECT_THAT(model->infer(white.view()).xyxy(), ElementsAre(Box{25, 25, 75, 75}, Box{40, 40, 60, 60}));
}

TEST(RfdetrCheckpoint, OfNinetyOneClassesHasThoseOfCoco) {
  const models::ModelInit init = describe(base("91"));
  ASSERT_EQ(init.class_names.size(), 91U);
  EXPECT_EQ(init.class_names[1], "person");
  EXPECT_EQ(init.class_names[90], "toothbrush");
  EXPECT_EQ(init.class_names[12], "");
  EXPECT_EQ(std::ranges::count(init.class_names, ""), 11);
}

TEST(RfdetrCheckpoint, NamesItsClassesWhereTrainingLeftThem) {
  EXPECT_THAT(describe(base_with("91", "class_names", R"(["cat", "dog"])")).class_names, ElementsAre("cat", "dog"));
  EXPECT_EQ(describe(base_with("91", "class_names", "[]")).class_names.size(), 91U);
  for (const char* text : {"{}", "[1]", "[\"cat\"", ""}) {
    EXPECT_THROW((void)describe(base_with("3", "class_names", text)), CorruptedModelPackageError) << text;
  }
}

TEST(RfdetrCheckpoint, DropsTheBackgroundThatRoboflowTrainsWith) {
  const models::ModelInit init = describe(base_with("3", "class_names", R"(["background_class83422", "cat"])"));
  const auto model = testing::make<ObjectDetectionModel>(init);
  EXPECT_THAT(model->class_names(), ElementsAre("cat"));
}

TEST(RfdetrCheckpoint, PrefersTheCallersClassNamesAndResolution) {
  LoadOptions options;
  options.class_names = {"a", "b"};
  options.resolution = 112;
  options.architecture = "rfdetr";
  options.task = "object-detection";
  options.model_type = "rfdetr-base";
  const models::ModelInit init = describe(base_with("3", "class_names", R"(["cat"])"), options);
  EXPECT_THAT(init.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(init.config.network_input.training_input_size, (Size{112, 112}));
}

TEST(RfdetrCheckpoint, RefusesMoreNamesThanClasses) {
  LoadOptions options;
  options.class_names = {"a", "b", "c", "d"};
  expect_bad_option(options, "scores 3 classes, and 4 class names", "at most one name per class");
}

TEST(RfdetrCheckpoint, RefusesAResolutionThatItsWindowsDoNotDivide) {
  LoadOptions options;
  options.resolution = 100;
  expect_bad_option(options, "resolution is 100", "multiple of 56");
  for (const std::int32_t resolution : {0, -56, 65536}) {
    options.resolution = resolution;
    expect_bad_option(options, "resolution is " + std::to_string(resolution), "from 1 to 65535");
  }
}

TEST(RfdetrCheckpoint, RefusesSizesThatNobodyPublishedAndListsTheOthers) {
  LoadOptions options;
  options.model_type = "rfdetr-huge";
  expect_bad_option(options, "rfdetr-huge", "rfdetr-nano, rfdetr-small, rfdetr-medium, rfdetr-base, rfdetr-large");
}

TEST(RfdetrCheckpoint, RefusesOtherArchitecturesAndTasks) {
  LoadOptions options;
  options.architecture = "yolov8";
  expect_bad_option(options, "architecture is \"yolov8\"", "\"rfdetr\"");
  options = {};
  options.task = "instance-segmentation";
  expect_bad_option(options, "task is \"instance-segmentation\"", "\"object-detection\"");
}

TEST(RfdetrCheckpoint, MustTellItsResolutionAndClassesThroughThePlugIn) {
  for (const char* key : {"resolution", "num_classes"}) {
    for (const char* value : {"", "many", "0", "-1", "99999999999"}) {
      expect_refused<CorruptedModelPackageError>(base_with("3", key, value), {}, key, "RF-DETR checkpoint");
    }
    Metadata without = base("3");
    without.erase(key);
    expect_refused<CorruptedModelPackageError>(without, {}, key, "RF-DETR checkpoint");
  }
}

}  // namespace
}  // namespace inference_exp
