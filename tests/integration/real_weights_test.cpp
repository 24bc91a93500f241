// The published weights, where somebody has them, on the photo that the Python original's own tests take.
//
// They are not part of the shared data. INFERENCE_EXP_REAL_WEIGHTS names a folder with any of these files, under the
// names that their authors gave them:
//   RN50.pt                                     CLIP, ResNet-50, as openai/CLIP publishes it (a TorchScript archive)
//   PE-Core-B16-224.pt                          Perception Encoder
//   rf-detr-base-coco.pth or rf-detr-base.pth   RF-DETR base, trained on COCO
// Tests of files that are not there are skipped and say so.
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "integration/torch_packages.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kVariable = "INFERENCE_EXP_REAL_WEIGHTS";

class RealWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const named = std::getenv(kVariable);
    if (named == nullptr) {
      GTEST_SKIP() << "SKIPPED: " << kVariable << " is not set: no published weights, nothing was compared.";
    }
    folder_ = named;
    ASSERT_TRUE(fs::is_directory(folder_)) << kVariable << " names no folder: " << folder_;
    REQUIRE_SHARED(expected, "golden/real_weights_expected.json");
    REQUIRE_SHARED(photo, "images/rf_dog.jpeg");
    expected_ = testing::load_json(expected);
    photo_ = cv::imread(photo.string());
    ASSERT_EQ(photo_.size(), cv::Size(720, 1280));
  }
  /// The first of these files that is there.
  [[nodiscard]] std::optional<fs::path> weights(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (fs::exists(folder_ / name)) return folder_ / name;
    }
    return std::nullopt;
  }
  [[nodiscard]] Embeddings embed_photo(const fs::path& weights, const std::string& architecture) const {
    const testing::TemporaryFolder temporary;
    testing::write_embedding_package(temporary / "package", weights, architecture);
    const auto model = AutoModel::from_pretrained<EmbeddingModel>((temporary / "package").string(),
                                                                  testing::torch_on_cpu(temporary / "home"));
    EXPECT_EQ(model->backend(), "torch");
    EXPECT_EQ(model->input_size(), (Size{224, 224}));
    return model->embed_image(view(photo_));
  }

  fs::path folder_;
  json expected_;
  cv::Mat photo_;
};

void expect_vector(std::span<const float> seen, const json& expected) {
  const std::vector<float> wanted = expected.at("embedding");
  EXPECT_THAT(std::vector(seen.begin(), seen.end()),
              ::testing::Pointwise(::testing::FloatNear(expected.at("atol")), wanted));
}

double length_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * double{value};
  return std::sqrt(sum);
}

TEST_F(RealWeights, ClipResNet50EmbedsTheDogWithoutNormalizing) {
  const auto file = weights({"RN50.pt"});
  if (!file) GTEST_SKIP() << "SKIPPED: there is no RN50.pt in " << folder_;
  const json& expected = expected_.at("clip_rn50");
  const Embeddings embedding = embed_photo(*file, "clip");
  expect_vector(embedding[0], expected);
  ASSERT_TRUE(expected.at("raw_not_normalized"));
  EXPECT_GT(length_of(embedding[0]), 1.5);
}

TEST_F(RealWeights, PerceptionEncoderB16EmbedsTheDogAsAVectorOfLengthOne) {
  const auto file = weights({"PE-Core-B16-224.pt"});
  if (!file) GTEST_SKIP() << "SKIPPED: there is no PE-Core-B16-224.pt in " << folder_;
  const json& expected = expected_.at("pe_core_b16_224");
  const Embeddings embedding = embed_photo(*file, "perception-encoder");
  expect_vector(embedding[0], expected);
  ASSERT_TRUE(expected.at("l2_normalized"));
  EXPECT_NEAR(length_of(embedding[0]), 1, 1e-5);
}

TEST_F(RealWeights, RfdetrBaseFindsTheDogAndWhatIsAroundIt) {
  const auto file = weights({"rf-detr-base-coco.pth", "rf-detr-base.pth"});
  if (!file) GTEST_SKIP() << "SKIPPED: there is no rf-detr-base-coco.pth and no rf-detr-base.pth in " << folder_;
  const json& expected = expected_.at("rfdetr_base");
  const testing::TemporaryFolder home;
  LoadOptions options = testing::torch_on_cpu(home.path());
  options.model_type = "rfdetr-base";
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(file->string(), options);
  EXPECT_EQ(model->input_size(), (Size{560, 560})) << expected.at("pre_processing");
  const Detections detections = model->infer(view(photo_), testing::above(expected.at("threshold")));

  const std::vector<std::int32_t> ids(detections.class_id().begin(), detections.class_id().end());
  const std::vector<float> confidences(detections.confidence().begin(), detections.confidence().end());
  EXPECT_EQ(ids, expected.at("class_id").get<std::vector<std::int32_t>>());
  EXPECT_THAT(confidences, ::testing::Pointwise(::testing::FloatNear(expected.at("atol_confidence")),
                                                expected.at("confidence").get<std::vector<float>>()));
  const auto boxes = expected.at("xyxy").get<std::vector<std::array<int, 4>>>();
  ASSERT_EQ(detections.size(), boxes.size());
  const int tolerance = expected.at("atol_xyxy");
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Box& box = detections.xyxy()[i];
    EXPECT_NEAR(box.x_min, boxes[i][0], tolerance) << i;
    EXPECT_NEAR(box.y_min, boxes[i][1], tolerance) << i;
    EXPECT_NEAR(box.x_max, boxes[i][2], tolerance) << i;
    EXPECT_NEAR(box.y_max, boxes[i][3], tolerance) << i;
  }
}

}  // namespace
}  // namespace inference_exp
