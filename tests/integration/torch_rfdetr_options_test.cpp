// What calls and packages may ask of RF-DETR, on the tiny network whose checkpoint Python saved, through the front
// door: each answer follows from the plain one.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "integration/torch_packages.hpp"

namespace inference_exp {
namespace {

using nlohmann::json;
using testing::above;
using testing::golden_photo;
using testing::rows_of;

constexpr int kClasses = 7;
constexpr double kLow = 0.1;
constexpr double kMiddle = 0.4;

class TorchRfdetrOptions : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(weights, "golden/checkpoints/good/rfdetr_tiny_stripped.pth");
    REQUIRE_SHARED(photo, "golden/preproc/bus.png");
    weights_ = weights;
    photo_ = golden_photo("bus");
    model_ = load("plain", testing::rfdetr_config(112));
    all_ = model_->infer(view(photo_), above(kLow));
    ASSERT_GT(all_.size(), 5U);
  }
  [[nodiscard]] std::unique_ptr<ObjectDetectionModel> load(const std::string& name, const json& config) const {
    testing::write_rfdetr_package(folder_ / name, weights_, "rfdetr-tiny", kClasses, config);
    return AutoModel::from_pretrained<ObjectDetectionModel>((folder_ / name).string(),
                                                            testing::torch_on_cpu(folder_ / "home"));
  }
  [[nodiscard]] std::vector<Detection> seen(const InferenceOptions& options) const {
    return rows_of(model_->infer(view(photo_), options));
  }
  /// The rows that `keep` wants, in their order.
  template <typename Keep>
  [[nodiscard]] std::vector<Detection> those(Keep keep) const {
    std::vector<Detection> rows = rows_of(all_);
    std::erase_if(rows, [&](const Detection& row) { return !keep(row); });
    return rows;
  }
  /// The classes that were found, in the order of their best rows.
  [[nodiscard]] std::vector<std::int32_t> classes() const {
    std::vector<std::int32_t> found;
    for (const std::int32_t id : all_.class_id()) {
      if (std::ranges::find(found, id) == found.end()) found.push_back(id);
    }
    return found;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path weights_;
  cv::Mat photo_;
  std::unique_ptr<ObjectDetectionModel> model_;
  Detections all_;  ///< the plain answer above kLow
};

std::string name_of(const Model& model, std::int32_t class_id) {
  return model.class_names()[static_cast<std::size_t>(class_id)];
}

TEST_F(TorchRfdetrOptions, HigherThresholdsKeepExactlyTheRowsAboveThem) {
  for (const float threshold : {0.4F, all_.confidence()[2]}) {  // a row at the threshold itself goes
    const auto kept = those([&](const Detection& row) { return row.confidence > threshold; });
    EXPECT_EQ(seen(above(threshold)), kept) << threshold;
    EXPECT_LT(kept.size(), all_.size());
    EXPECT_FALSE(kept.empty());
  }
}

TEST_F(TorchRfdetrOptions, AClassMayHaveAThresholdOfItsOwn) {
  const std::int32_t lenient = all_.class_id().back();
  const std::int32_t strict = *std::ranges::find_if(all_.class_id(), [&](std::int32_t id) { return id != lenient; });
  InferenceOptions options = above(kMiddle);
  options.per_class_confidence = {{name_of(*model_, strict), 1.0}, {name_of(*model_, lenient), kLow}};
  const auto kept = those([&](const Detection& row) {
    return row.class_id == lenient || (row.class_id != strict && row.confidence > static_cast<float>(kMiddle));
  });
  EXPECT_EQ(seen(options), kept);
  EXPECT_LT(kept.back().confidence, kMiddle);
  EXPECT_NE(kept, those([&](const Detection& row) { return row.class_id == lenient; }));
}

TEST_F(TorchRfdetrOptions, RemovedClassesGoAndLaterIdsMoveDown) {
  ASSERT_GE(classes().size(), 3U);
  const std::int32_t best = classes()[0];
  const auto [low, high] = std::minmax({best, best == 0 ? 1 : 0});
  json config = testing::rfdetr_config(112);
  for (const std::int32_t removed : {low, high}) {
    config["class_names_operations"].push_back(
        {{"type", "class_name_removal"}, {"class_name", name_of(*model_, removed)}});
  }
  const auto without = load("without", config);
  EXPECT_EQ(without->class_names().size(), kClasses - 2U);

  std::vector<Detection> wanted;
  bool moved = false;
  for (Detection row : rows_of(all_)) {
    if (row.class_id == low || row.class_id == high) continue;
    const std::string name = name_of(*model_, row.class_id);
    const int down = (row.class_id > low ? 1 : 0) + (row.class_id > high ? 1 : 0);
    row.class_id -= down;
    moved = moved || down > 0;
    EXPECT_EQ(name_of(*without, row.class_id), name);
    wanted.push_back(row);
  }
  EXPECT_TRUE(moved);
  EXPECT_LT(wanted.size(), all_.size());
  EXPECT_EQ(rows_of(without->infer(view(photo_), above(kLow))), wanted);
}

}  // namespace
}  // namespace inference_exp
