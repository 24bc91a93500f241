#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packages/package_directory.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Metadata = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> names(std::string_view literal) {
  return parse_bare_model_metadata({{"names", std::string(literal)}}).class_names;
}

std::optional<std::string> architecture(std::string_view description) {
  return parse_bare_model_metadata({{"description", std::string(description)}}).architecture;
}

// As exporters write it; the eighty names shortened to three.
const std::string kNames = "{0: 'person', 1: 'bicycle', 2: 'traffic light'}";

struct RealFile {
  const char* network;
  Metadata metadata;
  std::optional<std::string> architecture;
  const char* task;
  Size image_size;
};

TEST(BareModelMetadata, WhatRealExportsCarry) {
  const Metadata common = {{"author", "Ultralytics"}, {"stride", "32"}, {"batch", "1"}, {"names", kNames}};
  const auto metadata = [&](Metadata own) {
    own.insert(common.begin(), common.end());
    return own;
  };
  const RealFile files[] = {
      {"yolov8n",
       metadata({{"description", "Ultralytics YOLOv8n model trained on coco.yaml"},
                 {"task", "detect"},
                 {"imgsz", "[640, 640]"},
                 {"end2end", "False"}}),
       "yolov8",
       "object-detection",
       {640, 640}},
      {"yolov8n-seg",
       metadata({{"description", "Ultralytics YOLOv8n-seg model trained on coco.yaml"},
                 {"task", "segment"},
                 {"imgsz", "[640, 640]"}}),
       "yolov8",
       "instance-segmentation",
       {640, 640}},
      {"yolo11n",
       metadata({{"description", "Ultralytics YOLO11n model trained on /data/cfg/datasets/coco.yaml"},
                 {"task", "detect"},
                 {"imgsz", "[640, 640]"}}),
       "yolov11",
       "object-detection",
       {640, 640}},
      {"yolo11n-seg",
       metadata({{"description", "Ultralytics YOLO11n-seg model trained on /data/coco.yaml"},
                 {"task", "segment"},
                 {"imgsz", "[640, 640]"},
                 {"channels", "3"}}),
       "yolov11",
       "instance-segmentation",
       {640, 640}},
      {"yolov10n",
       metadata({{"description", "Ultralytics YOLOv10n model "},
                 {"task", "detect"},
                 {"imgsz", "[640, 640]"},
                 {"head", "v10Detect"},
                 {"end2end", "True"}}),
       "yolov10",
       "object-detection",
       {640, 640}},
      {"a yolov9t without a description",
       metadata({{"task", "detect"}, {"imgsz", "[320, 320]"}}),
       {},
       "object-detection",
       {320, 320}},
  };
  for (const RealFile& file : files) {
    SCOPED_TRACE(file.network);
    const BareModelMetadata read = parse_bare_model_metadata(file.metadata);
    EXPECT_EQ(read.architecture, file.architecture);
    EXPECT_EQ(read.task, file.task);
    EXPECT_EQ(read.image_size, file.image_size);
    EXPECT_THAT(read.class_names, ElementsAre("person", "bicycle", "traffic light"));
    EXPECT_FALSE(read.key_point_shape);
  }
}

TEST(BareModelMetadata, APoseModel) {
  const BareModelMetadata read = parse_bare_model_metadata({{"description", "Ultralytics YOLO11n-pose model"},
                                                            {"task", "pose"},
                                                            {"names", "{0: 'person'}"},
                                                            {"imgsz", "[480, 640]"},
                                                            {"kpt_shape", "[17, 3]"}});
  EXPECT_EQ(read.task, "keypoint-detection");
  EXPECT_EQ(read.key_point_shape, std::pair(17, 3));
  EXPECT_EQ(read.image_size, (Size{.width = 640, .height = 480})) << "imgsz is written height first";
}

TEST(BareModelMetadata, AFileThatSaysNothing) {
  const BareModelMetadata read = parse_bare_model_metadata({});
  EXPECT_FALSE(read.architecture);
  EXPECT_FALSE(read.task);
  EXPECT_FALSE(read.image_size);
  EXPECT_FALSE(read.key_point_shape);
  EXPECT_THAT(read.class_names, IsEmpty());
}

TEST(BareModelArchitecture, EveryFamilyUnderEachOfItsSpellings) {
  EXPECT_EQ(architecture("Ultralytics YOLOv8x model"), "yolov8");
  EXPECT_EQ(architecture("Ultralytics YOLOv9t model trained on coco.yaml"), "yolov9");
  EXPECT_EQ(architecture("Ultralytics YOLOv10b model"), "yolov10");
  EXPECT_EQ(architecture("Ultralytics YOLO11l model"), "yolov11");
  EXPECT_EQ(architecture("Ultralytics YOLOv11l model"), "yolov11");
  EXPECT_EQ(architecture("Ultralytics YOLO12s model"), "yolov12");
  EXPECT_EQ(architecture("Ultralytics YOLOv12s model"), "yolov12");
  EXPECT_EQ(architecture("ultralytics yolov8n"), "yolov8");
}

TEST(BareModelArchitecture, AnotherFamilyIsNotGuessed) {
  EXPECT_FALSE(architecture("Ultralytics YOLOv5s model"));
  EXPECT_FALSE(architecture("Ultralytics YOLO26n model"));
  EXPECT_FALSE(architecture("Ultralytics YOLOv80 model"));
  EXPECT_FALSE(architecture("Ultralytics YOLO model"));
  EXPECT_FALSE(architecture("Ultralytics RT-DETR model"));
}

TEST(BareModelArchitecture, APathOfTheTrainingMachineDoesNotCount) {
  EXPECT_FALSE(architecture("Ultralytics best model trained on /home/me/yolov8/data.yaml"));
  EXPECT_EQ(architecture("Ultralytics YOLO11n model trained on /home/me/yolov8/data.yaml"), "yolov11");
}

TEST(BareModelTask, TasksWithoutAFamilyStayUnset) {
  for (const char* task : {"classify", "obb", "", "Detect"}) {
    EXPECT_FALSE(parse_bare_model_metadata({{"task", task}}).task) << task;
  }
}

TEST(BareModelNames, AsPythonOrJsonWriteThem) {
  for (const char* literal : {
           "{0: 'cat', 1: 'dog'}",
           "{1: 'dog', 0: 'cat'}",
           R"({0: "cat", 1: "dog",})",
           R"({"0": "cat", "1": "dog"})",
           "{'0': 'cat', '1': 'dog'}",
           R"(["cat", "dog"])",
           "['cat', 'dog']",
           "('cat', 'dog')",
           " \n[ 'cat' ,'dog' , ] ",
       }) {
    EXPECT_THAT(names(literal), ElementsAre("cat", "dog")) << literal;
  }
}

TEST(BareModelNames, QuotesAndEscapes) {
  EXPECT_THAT(names(R"({0: 'bi\'cycle'})"), ElementsAre("bi'cycle"));
  EXPECT_THAT(names(R"({0: "driver's licence"})"), ElementsAre("driver's licence"));
  EXPECT_THAT(names(R"(['a "b" c', "a \"b\" c"])"), ElementsAre("a \"b\" c", "a \"b\" c"));
  EXPECT_THAT(names(R"(['a\\b\tc\nd\re\/f'])"), ElementsAre("a\\b\tc\nd\re/f"));
  EXPECT_THAT(names(R"(['{1: \'x\'}, [', 'b: c'])"), ElementsAre("{1: 'x'}, [", "b: c"));
  EXPECT_THAT(names(R"(['Stra\xdfe', '\u72ac', '\U0001f600', '\ud83d\ude00'])"), ElementsAre("Straße", "犬", "😀", "😀"));
  EXPECT_THAT(names("['Straße', '犬']"), ElementsAre("Straße", "犬"));
}

TEST(BareModelNames, AnythingElseIsLeftUnset) {
  const std::string_view refused[] = {"",
                                      "{}",
                                      "[]",
                                      "()",
                                      "{",
                                      "[",
                                      "person",
                                      "0: 'a'",
                                      "{0: 'a'",
                                      "['a'",
                                      "['a'}",
                                      "{0: 'a'} x",
                                      "{0 'a'}",
                                      "{0: a}",
                                      "{0: 1}",
                                      "{0: None}",
                                      "{0: 'a' 1: 'b'}",
                                      "['a' 'b']",
                                      "[,]",
                                      "[,'a']",
                                      "{0: 'a',, 1: 'b'}",
                                      "{0: ['a']}",
                                      "{1: 'a'}",
                                      "{0: 'a', 2: 'c'}",
                                      "{0: 'a', 0: 'b'}",
                                      "{-1: 'a', 0: 'b'}",
                                      "{0.5: 'a'}",
                                      "{x: 'a'}",
                                      "{99999999999: 'a'}",
                                      "{: 'a'}",
                                      "['a",
                                      "['a\\",
                                      "['\\q']",
                                      "['\\x4']",
                                      "['\\u12']",
                                      "['\\uzzzz']",
                                      "['\\ud83d']",
                                      "['\\ude00']",
                                      "['\\ud83d\\u0041']",
                                      "['\\U00110000']",
                                      "['\\Uffffffff']",
                                      "['\\x00']",
                                      "['\\x-1']",
                                      "['\xFF']",
                                      "['\xC3']",
                                      "__import__('os')",
                                      "{0: __import__('os')}",
                                      "{0: f'a'}",
                                      "[b'a']"};
  for (const std::string_view literal : refused) EXPECT_THAT(names(literal), IsEmpty()) << literal;
}

TEST(BareModelNames, ManyNames) {
  std::string literal = "{";
  for (int id = 0; id < 1203; ++id) {
    literal += std::to_string(id);
    literal += ": 'class " + std::to_string(id) + "', ";
  }
  const auto read = names(literal + "}");
  ASSERT_THAT(read, SizeIs(1203));
  EXPECT_EQ(read[1202], "class 1202");
}

TEST(BareModelSizes, WhatCanBeReadAndWhatCannot) {
  const auto image_size = [](const char* text) { return parse_bare_model_metadata({{"imgsz", text}}).image_size; };
  EXPECT_EQ(image_size("640"), (Size{640, 640}));
  EXPECT_EQ(image_size("[640]"), (Size{640, 640}));
  EXPECT_EQ(image_size("(320, 640)"), (Size{640, 320}));
  EXPECT_EQ(image_size("[320,640]"), (Size{640, 320}));
  for (const char* text : {"", "[]", "[", "]", "[640", "[640, 640)", "[0, 640]", "[640, 65536]", "[-1, 5]",
                           "[640.0, 640]", "[640, 640, 3]", "[640,]", "[,640]", "large"}) {
    EXPECT_FALSE(image_size(text)) << text;
  }
  const auto shape = [](const char* text) { return parse_bare_model_metadata({{"kpt_shape", text}}).key_point_shape; };
  EXPECT_EQ(shape("[5, 2]"), std::pair(5, 2));
  for (const char* text : {"", "17", "[17]", "[17, 1]", "[17, 4]", "[0, 3]", "[17, 3, 1]"}) {
    EXPECT_FALSE(shape(text)) << text;
  }
}

}  // namespace
}  // namespace inference_exp::packages
