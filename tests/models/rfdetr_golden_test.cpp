// What the original's own post-processing gave for the same tensors.
#include <gmock/gmock.h>

#include "models/rfdetr_fixtures.hpp"

namespace inference_exp {
namespace {

using nlohmann::json;
using ::testing::ElementsAreArray;

/// The tables were made for a picture of 640 x 480 in a network of 560 x 560.
Detections answer(const json& golden, models::ModelInit init) {
  const auto model = testing::make<ObjectDetectionModel>(std::move(init));
  InferenceOptions options;
  options.confidence = golden["threshold"];
  return model->infer(testing::GreyImage({640, 480}).view(), options);
}

models::ModelInit init_for(const json& golden, std::size_t class_names) {
  return testing::rfdetr_init(560, class_names,
                              testing::golden_rfdetr_tensors(golden["seed"], golden["Q"], golden["C"]).outputs());
}

void expect_rows(const Detections& detections, const json& expected) {
  EXPECT_THAT(detections.xyxy(), ElementsAreArray(testing::boxes_of(expected["xyxy"])));
  EXPECT_THAT(detections.class_id(), ElementsAreArray(expected["class_id"].get<std::vector<std::int32_t>>()));
  const auto confidence = expected["confidence"].get<std::vector<float>>();
  ASSERT_EQ(detections.size(), confidence.size());
  // Torch's exponential differs in the last digit.
  for (std::size_t i = 0; i < confidence.size(); ++i) EXPECT_FLOAT_EQ(detections.confidence()[i], confidence[i]) << i;
}

TEST(RfdetrGolden, WithoutRemappingClassesBeyondTheNamedOnesAreDropped) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  const json golden = testing::load_json(file)["head"]["rfdetr_no_remap"];
  expect_rows(answer(golden, init_for(golden, golden["num_classes"])), golden);
}

TEST(RfdetrGolden, RemovedClassesKeepTheirSlotsAndLaterIdsMoveDown) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  const json golden = testing::load_json(file)["head"]["rfdetr_remap_drop_0_3"];
  models::ModelInit init = init_for(golden, golden["C"]);
  init.config.class_names_operations = {{"class 0"}, {"class 3"}};
  expect_rows(answer(golden, std::move(init)), golden);
}

}  // namespace
}  // namespace inference_exp
