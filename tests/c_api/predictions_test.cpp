// What C callers get from the embedded networks is what C++ callers get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <opencv2/imgcodecs.hpp>
#include <thread>
#include <vector>

#include "c_api/c_handles.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"
#include "inference_exp/serialization.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

CModel open(const std::string& name) {
  return made_by<CModel>([&](auto** model, auto** error) {
    return inference_exp_model_load(asset("models/" + name).string().c_str(), nullptr, model, error);
  });
}

inference_exp_image image_of(const cv::Mat& picture) {
  inference_exp_image image{};
  image.struct_size = sizeof image;
  image.data = picture.data;
  image.width = picture.cols;
  image.height = picture.rows;
  image.row_stride = static_cast<std::ptrdiff_t>(picture.step[0]);
  return image;
}

CPredictions infer(const CModel& model, const std::vector<inference_exp_image>& images,
                   const inference_exp_inference_options* options = nullptr) {
  return made_by<CPredictions>([&](auto** found, auto** error) {
    return inference_exp_infer(model.get(), images.data(), images.size(), options, found, error);
  });
}

std::string json_of(const CPredictions& found, std::size_t image) {
  return text_of(
      [&](char** json, auto** error) { return inference_exp_predictions_to_json(found.get(), image, json, error); });
}

void expect_same(const CPredictions& found, std::size_t image, const Detections& expected) {
  ASSERT_EQ(inference_exp_predictions_count(found.get(), image), expected.size());
  ASSERT_FALSE(expected.empty());
  const std::int32_t* xyxy = inference_exp_predictions_xyxy(found.get(), image);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::int32_t* box = xyxy + 4 * i;
    EXPECT_EQ((Box{box[0], box[1], box[2], box[3]}), expected.xyxy()[i]);
  }
  EXPECT_THAT(std::span(inference_exp_predictions_class_id(found.get(), image), expected.size()),
              ElementsAreArray(expected.class_id()));
  EXPECT_THAT(std::span(inference_exp_predictions_confidence(found.get(), image), expected.size()),
              ElementsAreArray(expected.confidence()));
}

class EmbeddedModels : public ::testing::Test {
 protected:
  cv::Mat shapes_ = cv::imread(asset("images/shapes.png").string());
  cv::Mat portrait_ = cv::imread(asset("images/shapes-portrait.png").string());
};

TEST_F(EmbeddedModels, FindTheSameBoxesInCAndCpp) {
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(asset("models/shapes-detector").string());
  const std::array views{view(shapes_), view(portrait_)};
  const std::vector<Detections> expected = model->infer(views);
  const CPredictions found = infer(open("shapes-detector"), {image_of(shapes_), image_of(portrait_)});
  ASSERT_EQ(inference_exp_predictions_image_count(found.get()), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    expect_same(found, i, expected[i]);
    EXPECT_EQ(json_of(found, i), to_json(expected[i], model->class_names()));
    EXPECT_EQ(inference_exp_predictions_class_name(found.get(), i, 0),
              model->class_names()[static_cast<std::size_t>(expected[i].class_id()[0])]);
  }
}

TEST_F(EmbeddedModels, SeeAWindowOfAPictureAsCppDoes) {
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(asset("models/shapes-detector").string());
  const cv::Mat window = shapes_(cv::Rect(10, 20, shapes_.cols - 30, shapes_.rows - 25));
  expect_same(infer(open("shapes-detector"), {image_of(window)}), 0, model->infer(view(window)));
}

TEST_F(EmbeddedModels, FindTheSameMasksInCAndCpp) {
  const auto model = AutoModel::from_pretrained<InstanceSegmentationModel>(asset("models/shapes-segmenter").string());
  const InstanceDetections expected = model->infer(view(shapes_));
  const auto& masks = std::get<DenseMasks>(expected.masks);
  const CModel handle = open("shapes-segmenter");
  const CPredictions dense = infer(handle, {image_of(shapes_)});
  expect_same(dense, 0, expected.detections);
  EXPECT_EQ(inference_exp_predictions_mask_format(dense.get(), 0), INFERENCE_EXP_MASKS_DENSE);
  EXPECT_EQ(inference_exp_predictions_mask_width(dense.get(), 0), shapes_.cols);
  EXPECT_EQ(inference_exp_predictions_mask_height(dense.get(), 0), shapes_.rows);
  const std::span bytes(inference_exp_predictions_masks(dense.get(), 0), masks.data().size());
  EXPECT_TRUE(std::ranges::equal(bytes, masks.data()));
  EXPECT_EQ(json_of(dense, 0), to_json(expected, model->class_names()));

  inference_exp_inference_options options;
  inference_exp_inference_options_init(&options, sizeof options);
  options.mask_format = INFERENCE_EXP_MASKS_RLE;
  const CPredictions runs = infer(handle, {image_of(shapes_)}, &options);
  expect_same(runs, 0, expected.detections);
  EXPECT_EQ(inference_exp_predictions_mask_height(runs.get(), 0), shapes_.rows);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(inference_exp_predictions_mask_rle(runs.get(), 0, i), encode_rle(masks.mask(i), masks.size()));
  }
}

TEST_F(EmbeddedModels, HearTheOptionsOfACall) {
  const auto model = AutoModel::from_pretrained<ObjectDetectionModel>(asset("models/shapes-detector").string());
  InferenceOptions expected;
  expected.max_detections = 2;
  expected.confidence = 0.1;
  expected.iou_threshold = 0.9;
  inference_exp_inference_options options;
  inference_exp_inference_options_init(&options, sizeof options);
  options.max_detections = 2;
  options.confidence = 0.1;
  options.iou_threshold = 0.9;
  const CPredictions found = infer(open("shapes-detector"), {image_of(shapes_)}, &options);
  EXPECT_EQ(inference_exp_predictions_count(found.get(), 0), 2U);
  expect_same(found, 0, model->infer(view(shapes_), expected));
}

TEST_F(EmbeddedModels, ServeSeveralThreadsAtOnce) {
  const CModel model = open("shapes-detector");
  const std::string expected = json_of(infer(model, {image_of(shapes_)}), 0);
  std::atomic<int> same = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 5; ++round) same += json_of(infer(model, {image_of(shapes_)}), 0) == expected;
      });
    }
  }
  EXPECT_EQ(same, 20);
}

TEST_F(EmbeddedModels, AreOpenedAsTheOptionsSay) {
  inference_exp_load_options options;
  inference_exp_load_options_init(&options, sizeof options);
  const auto outcome = [&] {
    inference_exp_model* model = nullptr;
    return outcome_of([&](inference_exp_error** error) {
      const std::string path = asset("models/shapes-detector").string();
      const inference_exp_status status = inference_exp_model_load(path.c_str(), &options, &model, error);
      inference_exp_model_free(model);
      return status;
    });
  };
  const char* backend = "onyx";
  options.backends = &backend;
  options.backend_count = 1;
  EXPECT_EQ(outcome().name(), "UnknownBackendTypeError");
  backend = "onnx";
  EXPECT_EQ(outcome().status, INFERENCE_EXP_OK);
  options.allow_direct_local_storage_loading = 0;
  EXPECT_EQ(outcome().status, INFERENCE_EXP_ERROR_DIRECT_LOCAL_STORAGE_ACCESS);
  options.struct_size = 0;
  EXPECT_THAT(outcome().message(), HasSubstr("struct_size"));
}

}  // namespace
}  // namespace inference_exp::testing
