#include "hub/registered_models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace inference_exp {
namespace {

using hub::registered_model;

void expect_row(std::string_view id, const RegisteredModel& expected) {
  const std::optional<RegisteredModel> model = registered_model(id);
  ASSERT_TRUE(model.has_value()) << id;
  EXPECT_EQ(model->id, expected.id) << id;
  EXPECT_EQ(model->architecture, expected.architecture) << id;
  EXPECT_EQ(model->task, expected.task) << id;
  EXPECT_EQ(model->license, expected.license) << id;
  EXPECT_EQ(model->open, expected.open) << id;
}

TEST(RegisteredModels, AreAllOfTheTableAndEachOnce) {
  std::set<std::string> ids;
  for (const RegisteredModel& model : registered_models()) {
    EXPECT_TRUE(ids.insert(model.id).second) << model.id << " is there twice";
    EXPECT_EQ(model.id.find_first_of("{},"), std::string::npos) << model.id;
  }
  // RF-DETR 7 + 7 + 1, YOLOv8 10 + 10 + 6, YOLOv10 6, YOLOv11 10 + 5, Perception Encoder 3, CLIP 9, three single ones.
  EXPECT_EQ(ids.size(), 77U);
  EXPECT_THAT(ids, ::testing::IsSupersetOf({"yolov8n-640", "yolov8x-seg-1280", "yolov8m-pose-640", "yolov8x-pose-1280",
                                            "yolov10b-640", "yolov11s-1280", "yolov11l-seg-640", "rfdetr-2xlarge",
                                            "clip/ViT-L-14-336px", "perception-encoder/PE-Core-G14-448"}));
  EXPECT_FALSE(ids.contains("yolov8n-pose-1280"));
  EXPECT_FALSE(ids.contains("yolov10n-1280"));
}

TEST(RegisteredModels, SayWhatTheyAreAndUnderWhichLicence) {
  const auto expect = [](const char* id, const char* architecture, const char* task, const char* license, bool open) {
    expect_row(id, {id, architecture, task, license, open});
  };
  expect("rfdetr-base", "rfdetr", "object-detection", "Apache-2.0", true);
  expect("rfdetr-2xlarge", "rfdetr", "object-detection", "PML-1.0", false);
  expect("rfdetr-seg-large", "rfdetr", "instance-segmentation", "Apache-2.0", false);
  expect("rfdetr-seg-xlarge", "rfdetr", "instance-segmentation", "PML-1.0", false);
  expect("yolov8s-1280", "yolov8", "object-detection", "AGPL-3.0", true);
  expect("yolov8x-pose-1280", "yolov8", "keypoint-detection", "AGPL-3.0", false);
  expect("yolov10b-640", "yolov10", "object-detection", "AGPL-3.0", true);
  expect("yolov11m-seg-640", "yolov11", "instance-segmentation", "AGPL-3.0", false);
  expect("perception-encoder/PE-Core-B16-224", "perception-encoder", "embedding", "FAIR Noncommercial Research License",
         true);
  expect("clip/RN50", "clip", "embedding", "MIT", true);
  expect("grounding-dino", "grounding-dino", "open-vocabulary-object-detection", "Apache-2.0", false);
  expect("mediapipe/face-detector", "mediapipe-face-detector", "keypoint-detection", "Apache-2.0", false);
  expect("l2cs-net/rn50", "l2cs-net", "gaze-detection", "MIT", false);
}

TEST(RegisteredModels, AreFoundUnderTheIdsOfTheProvider) {
  const auto name_of = [](std::string_view id) {
    const std::optional<RegisteredModel> model = registered_model(id);
    return model ? model->id : std::string("none");
  };
  EXPECT_EQ(name_of("coco/3"), "yolov8n-640");
  EXPECT_EQ(name_of("microsoft-coco-obj-det/8"), "yolov8n-640");
  EXPECT_EQ(name_of("coco/5"), "yolov8x-640");
  EXPECT_EQ(name_of("coco/22"), "yolov10b-640");
  EXPECT_EQ(name_of("coco/25"), "yolov11n-640");
  EXPECT_EQ(name_of("coco/36"), "rfdetr-base");
  EXPECT_EQ(name_of("coco/37"), "rfdetr-large");
  EXPECT_EQ(name_of("coco/38"), "rfdetr-nano");
  EXPECT_EQ(name_of("coco/39"), "rfdetr-small");
  EXPECT_EQ(name_of("coco/40"), "rfdetr-medium");
  EXPECT_EQ(name_of("coco/50"), "rfdetr-large");
  EXPECT_EQ(name_of("coco-dataset-vdnr1/2"), "yolov8n-seg-640");
  EXPECT_EQ(name_of("coco-dataset-vdnr1/26"), "rfdetr-seg-preview");
}

TEST(RegisteredModels, AreFoundUnderTheOtherSpellingOfYolo11) {
  expect_row("yolo11n-seg-640", {"yolov11n-seg-640", "yolov11", "instance-segmentation", "AGPL-3.0", false});
}

TEST(RegisteredModels, OthersAreUnknown) {
  for (const char* id : {"", "coco", "coco/4", "coco/3/", "my-project/3", "yolov8n", "YOLOv8n-640", "yolov9c-640"}) {
    EXPECT_FALSE(registered_model(id).has_value()) << id;
  }
}

}  // namespace
}  // namespace inference_exp
