// What a package must have before a model is made of it.
#include <gmock/gmock.h>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "models/yolo_fixtures.hpp"

namespace inference_exp {
namespace {

using testing::FakeOutput;
using testing::FakeSession;
using ::testing::HasSubstr;

FakeOutput declared(const Shape& shape) { return {shape, Shape{0, 0}, {{}}}; }

models::ModelInit init_for(const std::string& architecture, const std::string& task, const Shape& input,
                           std::vector<FakeOutput> outputs) {
  models::ModelInit init = testing::yolo_init(architecture, task, 64, 2, {});
  init.session = std::make_shared<FakeSession>(input, std::move(outputs));
  return init;
}

models::ModelInit detection() {
  return init_for("yolov8", "object-detection", {-1, 3, 64, 64}, {declared({-1, 6, 84})});
}

models::ModelInit segmentation(std::vector<FakeOutput> outputs) {
  return init_for("yolov8", "instance-segmentation", {-1, 3, 64, 64}, std::move(outputs));
}

void expect_corrupted(models::ModelInit init, const std::string& what) {
  try {
    (void)models::make_model(std::move(init));
    ADD_FAILURE() << "accepted; expected: " << what;
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.message(), HasSubstr(what));
  }
}

TEST(YoloPackage, IsAcceptedWhenEverythingFits) {
  EXPECT_NE(models::make_model(detection()), nullptr);
  EXPECT_NE(models::make_model(segmentation({declared({-1, 38, 84}), declared({-1, 32, 16, 16})})), nullptr);
}

TEST(YoloPackage, MaySwapItsOutputsAndLeaveShapesOpen) {
  EXPECT_NE(models::make_model(segmentation({declared({-1, 32, 16, 16}), declared({-1, 38, 84})})), nullptr);
  EXPECT_NE(models::make_model(segmentation({declared({-1, -1, -1}), declared({-1, -1, -1, -1})})), nullptr);
  EXPECT_NE(models::make_model(segmentation({declared({-1, 10, 84}), declared({-1, 4, 16, 16})})), nullptr)
      << "four mask coefficients";
}

TEST(YoloPackage, MustSayHowItsBoxesAreSuppressed) {
  models::ModelInit init = detection();
  init.config.post_processing.reset();
  expect_corrupted(init, "post_processing");
  init.config.post_processing = packages::PostProcessing{packages::PostProcessingType::softmax, false, {}};
  expect_corrupted(init, "post_processing");
}

TEST(YoloPackage, MustSayHowImagesAreResized) {
  models::ModelInit init = detection();
  init.config.network_input.resize_mode = ResizeMode::none;
  expect_corrupted(init, "resize");
}

TEST(YoloPackage, MustTakeThreeChannels) {
  models::ModelInit init = detection();
  init.config.network_input.input_channels = 1;
  expect_corrupted(init, "input_channels is 1");
  expect_corrupted(init_for("yolov8", "object-detection", {-1, 1, 64, 64}, {declared({-1, 6, 84})}), "[?, 1, 64, 64]");
}

TEST(YoloPackage, MustHaveClassNames) {
  models::ModelInit init = detection();
  init.class_names.clear();
  expect_corrupted(init, "class names");
}

TEST(YoloPackage, MustHaveOneInputOfTheTrainedSize) {
  expect_corrupted(init_for("yolov8", "object-detection", {-1, 3, 32, 64}, {declared({-1, 6, 84})}), "[?, 3, 32, 64]");
  expect_corrupted(init_for("yolov8", "object-detection", {3, 64, 64}, {declared({-1, 6, 84})}), "[3, 64, 64]");
  auto session = std::make_shared<FakeSession>(Shape{-1, 3, 64, 64}, std::vector{declared({-1, 6, 84})});
  session->add_input({-1, 4});
  models::ModelInit init = detection();
  init.session = session;
  expect_corrupted(init, "2 inputs");
}

TEST(YoloPackage, MustHaveOutputsThatFitTheClassNames) {
  const auto with_output = [](const Shape& shape) {
    return init_for("yolov8", "object-detection", {-1, 3, 64, 64}, {declared(shape)});
  };
  expect_corrupted(with_output({-1, 7, 84}), "[batch, 6, anchors]");
  expect_corrupted(with_output({-1, 6, 84, 1}), "[batch, 6, anchors]");
  expect_corrupted(init_for("yolov10", "object-detection", {-1, 3, 64, 64}, {declared({-1, 300, 7})}),
                   "[batch, rows, 6]");
  expect_corrupted(init_for("yolov8", "object-detection", {-1, 3, 64, 64}, {}), "0 outputs");
}

TEST(YoloPackage, MustHavePrototypesAndOneCoefficientForEach) {
  expect_corrupted(segmentation({declared({-1, 38, 84})}), "two outputs");
  expect_corrupted(segmentation({declared({-1, 38, 84}), declared({-1, 38, 84})}), "two outputs");
  expect_corrupted(segmentation({declared({-1, 37, 84}), declared({-1, 32, 16, 16})}), "[batch, 38, anchors]");
  expect_corrupted(segmentation({declared({-1, 6, 84}), declared({-1, 0, 16, 16})}), "no channels");
}

TEST(YoloPackage, MustDescribeTheKeyPointsOfEveryClass) {
  models::ModelInit init = init_for("yolov8", "keypoint-detection", {-1, 3, 64, 64}, {declared({-1, 12, 84})});
  expect_corrupted(init, "describes 0 classes");
  init.skeletons.resize(2);
  expect_corrupted(init, "no key points");
  init.skeletons[0].key_point_names = {"nose", "tail"};
  EXPECT_NE(models::make_model(init), nullptr);
  init.skeletons[1].key_point_names = {"nose", "tail", "ear"};
  expect_corrupted(init, "[batch, 15, anchors]");
}

TEST(YoloPackage, WithFitLongerEdgeGetsAGreyLetterboxAndAWarning) {
  std::string warning;
  set_log_callback([&](LogLevel, std::string_view text) { warning = text; });
  models::ModelInit init = detection();
  init.config.network_input.resize_mode = ResizeMode::fit_longer_edge;
  EXPECT_NE(models::make_model(init), nullptr);
  set_log_callback({});
  EXPECT_THAT(warning, HasSubstr("letterbox"));
}

TEST(Registry, ServesTheWholeYoloFamily) {
  const std::vector<std::pair<std::string, std::string>> all = models::registered();
  for (const std::string architecture : {"yolov8", "yolov9", "yolov10", "yolov11", "yolov12", "yolo26"}) {
    EXPECT_THAT(all, ::testing::Contains(::testing::Pair(architecture, "object-detection")));
  }
  EXPECT_THAT(all, ::testing::Contains(::testing::Pair("yolov11", "instance-segmentation")));
  EXPECT_THAT(all, ::testing::Contains(::testing::Pair("yolov8", "keypoint-detection")));
}

TEST(Registry, NamesWhatExistsWhenAskedForSomethingElse) {
  models::ModelInit init = detection();
  init.architecture = "yolov99";
  try {
    (void)models::make_model(init);
    FAIL();
  } catch (const ModelImplementationNotFoundError& error) {
    EXPECT_THAT(error.message(), HasSubstr("yolov99"));
    EXPECT_THAT(error.hint(), HasSubstr("yolov8 object-detection"));
  }
}

}  // namespace
}  // namespace inference_exp
