// What the original's own post-processing gave for the same tensors.
#include <gmock/gmock.h>

#include <cmath>

#include "models/yolo_fixtures.hpp"
#include "models/yolo_head.hpp"

namespace inference_exp {
namespace {

using nlohmann::json;
using ::testing::ElementsAreArray;

template <typename T>
std::vector<T> values_of(const json& array) {
  return array.get<std::vector<T>>();
}

void expect_rows(const Detections& detections, const json& expected) {
  EXPECT_THAT(detections.xyxy(), ElementsAreArray(testing::boxes_of(expected["xyxy"])));
  EXPECT_THAT(detections.class_id(), ElementsAreArray(values_of<std::int32_t>(expected["class_id"])));
  EXPECT_THAT(detections.confidence(), ElementsAreArray(values_of<float>(expected["confidence"])));
}

models::ModelInit detection_init(const json& golden) {
  const auto classes = golden["C"].get<std::size_t>();
  return testing::yolo_init(
      "yolov8", "object-detection", golden["size"], classes,
      {testing::grid_output(testing::golden_grid(golden["seed"], golden["A"], classes, golden["size"], 0),
                            4 + classes)});
}

InferenceOptions options_of(const json& golden) {
  InferenceOptions options;
  if (golden["conf"].is_number()) options.confidence = golden["conf"];
  options.iou_threshold = golden["iou"];
  options.max_detections = golden["max_det"];
  return options;
}

Size original_size(const json& golden) { return {golden["orig_w"], golden["orig_h"]}; }

TEST(YoloGolden, DetectionWithOneThreshold) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  const json golden = testing::load_json(file)["head"]["od_nms_scalar"];
  const auto model = testing::make<ObjectDetectionModel>(detection_init(golden));
  const testing::GreyImage image(original_size(golden));
  expect_rows(model->infer(image.view(), options_of(golden)), golden);
}

TEST(YoloGolden, DetectionWithThresholdsPerClass) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  const json golden = testing::load_json(file)["head"]["od_nms_per_class"];
  const auto model = testing::make<ObjectDetectionModel>(detection_init(golden));
  const testing::GreyImage image(original_size(golden));
  InferenceOptions options = options_of(golden);
  for (std::size_t c = 0; c < 3; ++c) {
    options.per_class_confidence["class " + std::to_string(c)] = golden["conf"][c].get<double>();
  }
  expect_rows(model->infer(image.view(), options), golden);
}

TEST(YoloGolden, OlderTablesBeforeClampingAgreeInFloatingPoint) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  for (const bool agnostic : {false, true}) {
    const json golden =
        testing::load_json(file)["july"][agnostic ? "od_nms_class_agnostic_True" : "od_nms_class_agnostic_False"];
    std::vector<float> grid = testing::golden_grid(golden["seed"], golden["A"], golden["C"], golden["size"], 0);
    const std::vector<float> class_thresholds;
    const models::RowFilter filter{{golden["conf"].get<float>(), class_thresholds},
                                   {golden["iou"], golden["max_det"], agnostic}};
    models::RowWorkspace workspace;
    std::vector<models::YoloRow> rows;
    models::read_rows({models::YoloLayout::anchor_grid, 3, 0}, {grid.data(), DType::f32, Shape{7, 60}}, filter,
                      workspace, rows);

    PreprocessingMetadata placement;  // 308 x 200 in a letterbox of 640 x 640
    placement.pad_top = 112;
    placement.scale_width = placement.scale_height = 640.0 / 308;
    const vision::PixelMapping mapping(placement);
    ASSERT_EQ(rows.size(), golden["xyxy_f32"].size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const vision::PointF low = mapping.point(rows[i].box.x1, rows[i].box.y1);
      const vision::PointF high = mapping.point(rows[i].box.x2, rows[i].box.y2);
      EXPECT_THAT((std::vector{low.x, low.y, high.x, high.y}),
                  ElementsAreArray(values_of<float>(golden["xyxy_f32"][i])));
      EXPECT_EQ(rows[i].class_id, golden["class_id"][i].get<int>());
      EXPECT_EQ(rows[i].score, golden["confidence"][i].get<float>());
    }
  }
}

/// The network of the golden segmentation tables, whatever the image's size.
models::ModelInit segmentation_init(const json& golden) {
  testing::Lcg random(golden["proto_seed"].get<std::uint32_t>());
  std::vector<float> prototypes(std::size_t{32} * 16 * 16);
  for (float& value : prototypes) value = random.uniform() - 0.5F;
  return testing::yolo_init("yolov8", "instance-segmentation", 64, 2,
                            {testing::grid_output(testing::golden_grid(golden["seed"], 30, 2, 64, 32), 4 + 2 + 32),
                             {Shape{-1, 32, 16, 16}, Shape{32, 16, 16}, {prototypes}}});
}

void expect_masks(const DenseMasks& masks, const json& expected) {
  ASSERT_EQ(masks.count(), expected["mask_area"].size());
  for (std::size_t i = 0; i < masks.count(); ++i) {
    EXPECT_EQ(std::count(masks.mask(i).begin(), masks.mask(i).end(), 1), expected["mask_area"][i].get<int>());
    EXPECT_EQ(testing::crc32(std::as_bytes(masks.mask(i))), expected["mask_crc32_u8_rowmajor"][i].get<std::uint32_t>());
  }
}

void expect_segmentation(const std::string& table, bool smoothing) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  const json golden = testing::load_json(file)["head"][table];
  const auto model = testing::make<InstanceSegmentationModel>(segmentation_init(golden));
  const testing::GreyImage image(original_size(golden));
  InferenceOptions options = options_of(golden);
  options.mask_smoothing = smoothing;

  const InstanceDetections dense = model->infer(image.view(), options);
  expect_rows(dense.detections, golden);
  expect_masks(std::get<DenseMasks>(dense.masks), golden);

  options.mask_format = MaskFormat::rle;
  const InstanceDetections compressed = model->infer(image.view(), options);
  EXPECT_EQ(compressed.detections, dense.detections);
  EXPECT_EQ(std::get<RleMasks>(compressed.masks),
            (RleMasks{original_size(golden), values_of<std::string>(golden["rle_counts"])}));
}

TEST(YoloGolden, SegmentationWithSmoothing) { expect_segmentation("seg_default", true); }

TEST(YoloGolden, SegmentationOnLogits) { expect_segmentation("seg_no_smoothing", false); }

TEST(YoloGolden, SegmentationOfACropIsPastedBack) {
  REQUIRE_SHARED(file, "spec/golden_vectors.json");
  const json head = testing::load_json(file)["head"];
  const json& golden = head["seg_static_crop"];
  models::ModelInit init = segmentation_init(head["seg_default"]);
  // Of 60 x 70 pixels these percentages leave 37 x 50 from (9, 7) on.
  init.config.image_pre_processing.static_crop = packages::StaticCropStep{true, {15, 10, 77, 82}};
  const auto model = testing::make<InstanceSegmentationModel>(std::move(init));
  const testing::GreyImage image(original_size(golden));
  const InstanceDetections result = model->infer(image.view(), options_of(head["seg_default"]));
  expect_rows(result.detections, golden);
  expect_masks(std::get<DenseMasks>(result.masks), golden);
}

}  // namespace
}  // namespace inference_exp
