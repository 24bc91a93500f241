// What an RF-DETR package must have before a model is made of it.
#include <gmock/gmock.h>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "models/rfdetr_fixtures.hpp"

namespace inference_exp {
namespace {

using ::testing::Contains;
using testing::FakeOutput;
using testing::FakeSession;
using ::testing::HasSubstr;
using ::testing::Pair;

FakeOutput declared(std::string name, const Shape& shape) { return {shape, Shape{0, 0}, {{}}, std::move(name)}; }

models::ModelInit with_outputs(std::vector<FakeOutput> outputs) {
  return testing::rfdetr_init(56, 3, std::move(outputs));
}

models::ModelInit sound() { return with_outputs({declared("dets", {-1, 20, 4}), declared("labels", {-1, 20, 5})}); }

models::ModelInit with_input(const Shape& input) {
  models::ModelInit init = sound();
  init.session =
      std::make_shared<FakeSession>(input, std::vector{declared("dets", {-1, 20, 4}), declared("labels", {-1, 20, 5})});
  return init;
}

void expect_corrupted(models::ModelInit init, const std::string& what) {
  try {
    (void)models::make_model(std::move(init));
    ADD_FAILURE() << "accepted; expected: " << what;
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.message(), HasSubstr(what));
    EXPECT_FALSE(error.hint().empty());
  }
}

std::string warning_of(models::ModelInit init) {
  std::string warning;
  set_log_callback([&](LogLevel, std::string_view text) { warning = text; });
  EXPECT_NE(models::make_model(std::move(init)), nullptr);
  set_log_callback({});
  return warning;
}

TEST(RfdetrPackage, IsAcceptedWhenEverythingFits) {
  EXPECT_EQ(warning_of(sound()), "");
  EXPECT_THAT(models::registered(), Contains(Pair("rfdetr", "object-detection")));
}

TEST(RfdetrPackage, NeedsNoWordAboutSuppressionAndMayLeaveShapesOpen) {
  models::ModelInit init = with_outputs({declared("dets", {-1, -1, -1}), declared("labels", {-1, -1, -1})});
  init.config.post_processing.reset();
  EXPECT_EQ(warning_of(std::move(init)), "");
}

TEST(RfdetrPackage, MustHaveBoxesAndLabelsByName) {
  expect_corrupted(with_outputs({declared("output0", {-1, 20, 4}), declared("labels", {-1, 20, 5})}),
                   R"(this one has "output0", "labels")");
  expect_corrupted(with_outputs({declared("dets", {-1, 20, 4})}), R"(this one has "dets")");
  expect_corrupted(with_outputs({}), "this one has none");
  expect_corrupted(
      with_outputs({declared("dets", {-1, 20, 4}), declared("labels", {-1, 20, 5}), declared("masks", {-1, 20, 8, 8})}),
      "masks");
}

TEST(RfdetrPackage, MustHaveOutputsOfMatchingShapes) {
  expect_corrupted(with_outputs({declared("dets", {-1, 20, 5}), declared("labels", {-1, 20, 5})}), "[?, 20, 5]");
  expect_corrupted(with_outputs({declared("dets", {-1, 20, 4}), declared("labels", {-1, 21, 5})}), "[?, 21, 5]");
  expect_corrupted(with_outputs({declared("dets", {20, 4}), declared("labels", {20, 5})}), "[20, 4]");
  expect_corrupted(with_outputs({declared("dets", {-1, 20, 4}), declared("labels", {-1, 20, 0})}), "[?, 20, 0]");
}

TEST(RfdetrPackage, MustHaveOneImageInputOfTheTrainedSize) {
  expect_corrupted(with_input({-1, 3, 64, 56}), "[?, 3, 64, 56]");
  expect_corrupted(with_input({-1, 1, 56, 56}), "[?, 1, 56, 56]");
  expect_corrupted(with_input({3, 56, 56}), "[3, 56, 56]");
  const auto session = std::make_shared<FakeSession>(Shape{-1, 3, 56, 56}, std::vector<FakeOutput>{});
  session->add_input({-1, 4});
  models::ModelInit init = sound();
  init.session = session;
  expect_corrupted(std::move(init), "RF-DETR networks have one");
}

TEST(RfdetrPackage, MustHaveASizeThatTheNetworkCanDivide) {
  for (const auto& [windows, fits] : {std::pair{"4", true}, std::pair{"8", false}}) {
    const auto session = std::make_shared<FakeSession>(
        Shape{-1, 3, -1, -1}, std::vector{declared("dets", {-1, 20, 4}), declared("labels", {-1, 20, 5})});
    session->set_metadata({{"patch_size", "14"}, {"num_windows", windows}});
    models::ModelInit init = sound();
    init.session = session;
    if (fits) {
      EXPECT_EQ(warning_of(std::move(init)), "");
    } else {
      expect_corrupted(std::move(init), "multiples of 112");
    }
  }
}

TEST(RfdetrPackage, MustKeepAClass) {
  models::ModelInit init = sound();
  init.class_names = {"background_class83422"};
  init.config.class_names_operations = {{"background_class83422"}};
  expect_corrupted(init, "remove every class");
  init.class_names.clear();
  expect_corrupted(init, "class names");
}

TEST(RfdetrPackage, IsWarnedAboutClassesThatAreRemovedButNotThereOrNeverScored) {
  models::ModelInit init = sound();
  init.config.class_names_operations = {{"unicorn"}};
  EXPECT_THAT(warning_of(init), HasSubstr("unicorn"));
  init = sound();
  init.class_names = testing::numbered_classes(6);
  EXPECT_THAT(warning_of(init), HasSubstr("names 6 classes, its network scores 5"));
}

TEST(RfdetrPackage, MustSayHowImagesAreResized) {
  models::ModelInit init = sound();
  init.config.network_input.resize_mode = ResizeMode::none;
  expect_corrupted(std::move(init), "resize");
}

}  // namespace
}  // namespace inference_exp
