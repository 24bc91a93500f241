// The embedded models find the shapes of the embedded pictures.
#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"
#include "support/shared_data.hpp"

namespace inference_exp {
namespace {

TEST(EmbeddedDetector, FindsShapesInItsPicture) {
  const auto model =
      AutoModel::from_pretrained<ObjectDetectionModel>(testing::asset("models/shapes-detector").string());
  const cv::Mat image = cv::imread(testing::asset("images/shapes.png").string());
  const Detections detections = model->infer(view(image));
  EXPECT_GE(detections.size(), 3U);
  EXPECT_GT(detections[0].confidence, 0.7F);
  EXPECT_EQ(model->architecture(), "yolov8");
  EXPECT_EQ(model->backend(), "onnx");
}

TEST(EmbeddedSegmenter, DenseAndRunLengthMasksAreTheSame) {
  const auto model =
      AutoModel::from_pretrained<InstanceSegmentationModel>(testing::asset("models/shapes-segmenter").string());
  const cv::Mat image = cv::imread(testing::asset("images/shapes.png").string());
  const InstanceDetections dense = model->infer(view(image));
  InferenceOptions options;
  options.mask_format = MaskFormat::rle;
  const InstanceDetections rle = model->infer(view(image), options);

  ASSERT_GE(dense.size(), 3U);
  EXPECT_EQ(dense.detections, rle.detections);
  const auto& masks = std::get<DenseMasks>(dense.masks);
  const auto& runs = std::get<RleMasks>(rle.masks);
  EXPECT_EQ(masks.size(), (Size{image.cols, image.rows}));
  for (std::size_t i = 0; i < dense.size(); ++i) {
    EXPECT_EQ(runs.counts[i], encode_rle(masks.mask(i), masks.size()));
  }
}

TEST(EmbeddedDetector, AWrongModelClassIsRefusedByName) {
  const std::string package = testing::asset("models/shapes-detector").string();
  try {
    (void)AutoModel::from_pretrained<InstanceSegmentationModel>(package);
    FAIL() << "the detector was handed out as a segmenter";
  } catch (const InvalidParameterError& error) {
    EXPECT_NE(error.message().find("object-detection"), std::string::npos);
  }
}

}  // namespace
}  // namespace inference_exp
