// RF-DETR at full size from a photo to detections, through the front door, with weights by recipe and the rows that the
// Python original found with them.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "integration/torch_packages.hpp"
#include "support/sha256.hpp"

namespace inference_exp {
namespace {

using nlohmann::json;
using testing::above;
using testing::golden_photo;
using testing::rows_of;

constexpr int kSide = 560;
constexpr int kClasses = 91;
constexpr double kConfidenceTolerance = 1e-4 / 4;  // that of the logits, through a sigmoid
constexpr double kRounding = 0.5 + 1e-3;           // of a coordinate to a whole pixel, and of floats before it

/// A package with recipe weights, written and loaded once in a process.
class FullSizeModel {
 public:
  FullSizeModel() {
    const json manifest = testing::load_json(testing::shared_dir() / "golden/rfdetr-base/manifest.json");
    testing::write_recipe_checkpoint(manifest, folder_ / "recipe.safetensors");
    testing::write_rfdetr_package(folder_ / "package", folder_ / "recipe.safetensors", "rfdetr-base", kClasses,
                                  testing::rfdetr_config(kSide));
    model_ = AutoModel::from_pretrained<ObjectDetectionModel>((folder_ / "package").string(),
                                                              testing::torch_on_cpu(folder_ / "home"));
  }
  [[nodiscard]] const ObjectDetectionModel& get() const noexcept { return *model_; }

 private:
  testing::TemporaryFolder folder_;
  std::unique_ptr<ObjectDetectionModel> model_;
};

class TorchRfdetr : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(manifest, "golden/rfdetr-base");
    REQUIRE_SHARED(rows, "golden/e2e");
    REQUIRE_SHARED(photos, "golden/preproc");
  }
  static const ObjectDetectionModel& model() {
    static const FullSizeModel instance;
    return instance.get();
  }
};

struct FloatRow {
  std::array<double, 4> corners{};
  std::int32_t class_id = 0;
  double confidence = 0;
};

/// e2e.json's rows, which are in pixels of the photo and may reach beyond it, in pixels of the network's picture.
std::vector<FloatRow> golden_rows(const json& golden, const cv::Mat& photo) {
  std::vector<FloatRow> rows;
  const std::size_t count = golden.at("n");
  for (std::size_t i = 0; i < count; ++i) {
    FloatRow row{golden["xyxy_float"][i], golden["class_id"][i], golden["confidence"][i]};
    for (std::size_t k = 0; k < 4; ++k) {
      row.corners[k] = std::clamp(row.corners[k] * kSide / (k % 2 == 0 ? photo.cols : photo.rows), 0.0, double{kSide});
    }
    rows.push_back(row);
  }
  return rows;
}

bool same_box(const Box& seen, const std::array<double, 4>& wanted, double tolerance) {
  return std::abs(seen.x_min - wanted[0]) <= tolerance && std::abs(seen.y_min - wanted[1]) <= tolerance &&
         std::abs(seen.x_max - wanted[2]) <= tolerance && std::abs(seen.y_max - wanted[3]) <= tolerance;
}

/// Every expected row is found once, within `pixels`. Confidences may be closer to each other than rounding, so the
/// order is only that of the confidences found.
void expect_rows(const Detections& detections, const std::vector<FloatRow>& expected, double pixels) {
  EXPECT_EQ(detections.size(), expected.size());
  EXPECT_TRUE(std::ranges::is_sorted(detections.confidence(), std::greater{}));
  std::vector<Detection> rows = rows_of(detections);
  for (const FloatRow& wanted : expected) {
    const auto found = std::ranges::find_if(rows, [&](const Detection& row) {
      return row.class_id == wanted.class_id &&
             std::abs(double{row.confidence} - wanted.confidence) <= kConfidenceTolerance &&
             same_box(row.box, wanted.corners, pixels);
    });
    ASSERT_TRUE(found != rows.end()) << "class " << wanted.class_id << " with " << wanted.confidence << " at "
                                     << ::testing::PrintToString(wanted.corners);
    rows.erase(found);
  }
}

std::string sha256_of_rgb(const cv::Mat& bgr) {
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return testing::sha256(std::as_bytes(std::span(rgb.data, rgb.total() * 3)));
}

/// What preproc.json says of one way of preparing a photo.
json preprocessing_case(const std::string& name) {
  const json document = testing::load_json(testing::shared_dir() / "golden/preproc/preproc.json");
  for (const json& entry : document.at("cases")) {
    if (entry.at("name") == name) return entry;
  }
  return {};
}

// The rows come from the original of July 2025, which resized photos as OpenCV does; this family follows its later
// versions and resizes as Pillow does (models.md, section 4.1). So the photo is brought to the network's size as the
// original did, to the bit; Pillow's resize to the size that a picture has already copies it. Boxes then come in pixels
// of the network's picture, clamped to it, and the golden ones are brought there.
TEST_F(TorchRfdetr, FindsTheOriginalsRowsInPhotosThatWereResizedAsItDid) {
  const json rows = testing::load_json(testing::shared_dir() / "golden/e2e/e2e.json").at("rfdetr-base").at("images");
  EXPECT_EQ(model().backend(), "torch");
  for (const std::string name : {"bus", "tall"}) {
    SCOPED_TRACE(name);
    const cv::Mat photo = golden_photo(name);
    cv::Mat resized;
    cv::resize(photo, resized, {kSide, kSide}, 0, 0, cv::INTER_LINEAR);
    ASSERT_EQ(sha256_of_rgb(resized),
              preprocessing_case("rfdetr07_stretch_560x560_" + name).at("resized_u8_rgb_sha256"));
    expect_rows(model().infer(view(resized), above(rows.at(name).at("threshold"))), golden_rows(rows.at(name), photo),
                kRounding);
  }
}

// The other half of the way: from the photo itself to what the original's own Pillow made of it.
TEST_F(TorchRfdetr, APhotoGivesTheRowsOfThePictureThatPillowMakesOfIt) {
  for (const std::string name : {"bus", "tiny"}) {
    SCOPED_TRACE(name);
    const cv::Mat photo = golden_photo(name);
    const cv::Mat pillow = golden_photo("rfdetrHEAD_stretch_" + name);
    ASSERT_EQ(pillow.cols, kSide);
    const Detections small = model().infer(view(pillow), above(0.5));
    const Detections large = model().infer(view(photo), above(0.5));
    EXPECT_GT(small.size(), 5U);
    EXPECT_THAT(large.class_id(), ::testing::ElementsAreArray(small.class_id()));
    EXPECT_THAT(large.confidence(), ::testing::ElementsAreArray(small.confidence())) << "to the bit";
    ASSERT_EQ(large.size(), small.size());
    const double x = double{1} * photo.cols / kSide;
    const double y = double{1} * photo.rows / kSide;
    for (std::size_t i = 0; i < small.size(); ++i) {
      const Box& box = small.xyxy()[i];
      EXPECT_TRUE(same_box(large.xyxy()[i], {box.x_min * x, box.y_min * y, box.x_max * x, box.y_max * y},
                           kRounding + 0.5 * std::max(x, y)))
          << i;
    }
  }
}

// LibTorch multiplies larger matrices in other blocks, which moves the last digits.
TEST_F(TorchRfdetr, ABatchGivesWhatItsPicturesGiveAlone) {
  const cv::Mat bus = golden_photo("bus");
  const cv::Mat tall = golden_photo("tall");
  const std::vector<ImageView> images{view(bus), view(tall)};
  const std::vector<Detections> together = model().infer(images, above(0.5));
  ASSERT_EQ(together.size(), 2U);
  for (std::size_t i = 0; i < images.size(); ++i) {
    SCOPED_TRACE(i);
    const std::vector<Detection> alone = rows_of(model().infer(images[i], above(0.5)));
    EXPECT_GT(alone.size(), 5U);
    std::vector<FloatRow> wanted;
    wanted.reserve(alone.size());
    for (const auto& [box, class_id, confidence] : alone) {
      wanted.push_back(
          {{double(box.x_min), double(box.y_min), double(box.x_max), double(box.y_max)}, class_id, confidence});
    }
    expect_rows(together[i], wanted, 1);
  }
}

}  // namespace
}  // namespace inference_exp
