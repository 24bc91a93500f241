#include "packages/inference_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference_exp/errors.hpp"
#include "packages/config_documents.hpp"

namespace inference_exp::packages {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::fullest_config;
using testing::smallest_config;

InferenceConfig parse(const json& document) { return parse_inference_config(document.dump(), "inference_config.json"); }

InferenceConfig parse_with(json document, const char* pointer, json value) {
  document[json::json_pointer(pointer)] = std::move(value);
  return parse(document);
}

TEST(InferenceConfig, NumbersMayBeWrittenAsStringsAsPackagesOfTheOriginalHaveThem) {
  const char* const width = "/network_input/training_input_size/width";
  EXPECT_EQ(parse_with(smallest_config(), width, "412").network_input.training_input_size.width, 412);
  EXPECT_EQ(parse_with(smallest_config(), width, " 412.0 ").network_input.training_input_size.width, 412);
  const char* const factor = "/network_input/scaling_factor";
  EXPECT_EQ(parse_with(smallest_config(), factor, "127.5").network_input.scaling_factor, 127.5);
  for (const char* wrong : {"", "412px", "1e400", "nan", "inf", "0x19"}) {
    EXPECT_THROW((void)parse_with(smallest_config(), width, wrong), CorruptedModelPackageError) << wrong;
    EXPECT_THROW((void)parse_with(smallest_config(), factor, wrong), CorruptedModelPackageError) << wrong;
  }
}

TEST(InferenceConfig, EveryKeyArrivesInItsField) {
  const InferenceConfig config = parse(fullest_config());

  const ImagePreProcessing& image = config.image_pre_processing;
  EXPECT_TRUE(image.auto_orient);
  EXPECT_EQ(image.static_crop, (StaticCropStep{true, {.x_min = 10, .y_min = 5, .x_max = 90, .y_max = 95}}));
  EXPECT_EQ(image.contrast, (ContrastStep{true, ContrastMode::adaptive_equalization}));
  EXPECT_TRUE(image.grayscale);

  const NetworkInput& input = config.network_input;
  EXPECT_EQ(input.training_input_size, (Size{640, 480}));
  EXPECT_EQ(input.dataset_version_resize_dimensions, (Size{500, 300}));
  EXPECT_TRUE(input.dynamic_spatial_size_supported);
  EXPECT_EQ(input.dynamic_spatial_size_mode, DynamicSpatialSizeMode(PadToBeDivisible{16}));
  EXPECT_EQ(input.color_mode, ColorMode::bgr);
  EXPECT_EQ(input.resize_mode, ResizeMode::letterbox);
  EXPECT_EQ(input.padding_value, 114);
  EXPECT_EQ(input.input_channels, 3);
  EXPECT_EQ(input.scaling_factor, 255.0);
  EXPECT_EQ(input.normalization, (Normalization{{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}));

  EXPECT_EQ(config.forward_pass, (ForwardPass{.static_batch_size = 4, .max_dynamic_batch_size = 8}));
  EXPECT_EQ(config.post_processing,
            (PostProcessing{
                PostProcessingType::nms, true,
                NmsParameters{
                    .max_detections = 50, .confidence_threshold = 0.1, .iou_threshold = 0.9, .class_agnostic = true}}));
  EXPECT_THAT(config.class_names_operations, ElementsAre(ClassNameRemoval{"background"}));
  EXPECT_EQ(config.model_initialization, json({{"num_queries", 300}}));
}

TEST(InferenceConfig, LeftOutKeysTakeTheirDefaults) {
  const InferenceConfig config = parse(smallest_config());

  EXPECT_EQ(config.image_pre_processing, ImagePreProcessing{});
  EXPECT_EQ(config.network_input.training_input_size, (Size{640, 480}));
  EXPECT_FALSE(config.network_input.dataset_version_resize_dimensions);
  EXPECT_FALSE(config.network_input.dynamic_spatial_size_mode);
  EXPECT_FALSE(config.network_input.padding_value);
  EXPECT_FALSE(config.network_input.scaling_factor);
  EXPECT_FALSE(config.network_input.normalization);
  EXPECT_EQ(config.forward_pass, ForwardPass{});
  EXPECT_FALSE(config.post_processing);
  EXPECT_TRUE(config.class_names_operations.empty());
  EXPECT_TRUE(config.model_initialization.is_null());
}

TEST(InferenceConfig, NullMeansLeftOut) {
  json document = smallest_config();
  for (const char* key :
       {"image_pre_processing", "forward_pass", "post_processing", "model_initialization", "class_names_operations"}) {
    document[key] = nullptr;
  }
  for (const char* key : {"dataset_version_resize_dimensions", "dynamic_spatial_size_mode", "padding_value",
                          "scaling_factor", "normalization"}) {
    document["network_input"][key] = nullptr;
  }
  const InferenceConfig config = parse(document);
  EXPECT_EQ(config.network_input, parse(smallest_config()).network_input);
  EXPECT_EQ(config.image_pre_processing, ImagePreProcessing{});
  EXPECT_FALSE(config.post_processing);

  json steps = fullest_config();
  steps["image_pre_processing"] = {
      {"auto-orient", nullptr}, {"static-crop", nullptr}, {"contrast", nullptr}, {"grayscale", nullptr}};
  EXPECT_EQ(parse(steps).image_pre_processing, ImagePreProcessing{});
}

TEST(InferenceConfig, TheExampleOfTheFormatsDescription) {
  const InferenceConfig config = parse_inference_config(
      R"({"image_pre_processing": {"auto-orient": {"enabled": true},
             "static-crop": {"enabled": true, "x_min": 10, "x_max": 90, "y_min": 5, "y_max": 95}},
          "network_input": {"training_input_size": {"height": 640, "width": 640},
             "dynamic_spatial_size_supported": true,
             "dynamic_spatial_size_mode": {"type": "pad-to-be-divisible", "value": 32},
             "color_mode": "rgb", "resize_mode": "letterbox", "padding_value": 127,
             "input_channels": 3, "scaling_factor": 255, "normalization": null},
          "forward_pass": {"static_batch_size": null, "max_dynamic_batch_size": 8},
          "post_processing": {"type": "nms", "fused": false}})",
      "inference_config.json");
  EXPECT_EQ(config.network_input.padding_value, 127);
  EXPECT_EQ(config.network_input.dynamic_spatial_size_mode, DynamicSpatialSizeMode(PadToBeDivisible{32}));
  EXPECT_EQ(config.forward_pass, (ForwardPass{.static_batch_size = {}, .max_dynamic_batch_size = 8}));
  EXPECT_EQ(config.post_processing, PostProcessing{});
}

TEST(InferenceConfig, UnknownKeysAreIgnored) {
  json document = fullest_config();
  document["exported_by"] = {{"tool", "somebody's"}};
  document["network_input"]["interpolation"] = "cubic";
  document["image_pre_processing"]["tile"] = {{"enabled", true}};
  EXPECT_EQ(parse(document).network_input, parse(fullest_config()).network_input);
}

TEST(InferenceConfig, EveryWordOfEveryEnumeration) {
  const auto resize_mode = [](const char* word) {
    return parse_with(smallest_config(), "/network_input/resize_mode", word).network_input.resize_mode;
  };
  EXPECT_EQ(resize_mode("stretch"), ResizeMode::stretch);
  EXPECT_EQ(resize_mode("letterbox"), ResizeMode::letterbox);
  EXPECT_EQ(resize_mode("center-crop"), ResizeMode::center_crop);
  EXPECT_EQ(resize_mode("fit-longer-edge"), ResizeMode::fit_longer_edge);
  EXPECT_EQ(resize_mode("letterbox-reflect-edges"), ResizeMode::letterbox_reflect_edges);

  const auto contrast = [](const char* word) {
    return parse_with(fullest_config(), "/image_pre_processing/contrast/type", word).image_pre_processing.contrast;
  };
  EXPECT_EQ(contrast("Adaptive Equalization"), (ContrastStep{true, ContrastMode::adaptive_equalization}));
  EXPECT_EQ(contrast("Contrast Stretching"), (ContrastStep{true, ContrastMode::contrast_stretching}));
  EXPECT_EQ(contrast("Histogram Equalization"), (ContrastStep{true, ContrastMode::histogram_equalization}));

  const auto post_processing = [](const char* word) {
    return parse_with(smallest_config(), "/post_processing", {{"type", word}, {"fused", false}}).post_processing->type;
  };
  EXPECT_EQ(post_processing("nms"), PostProcessingType::nms);
  EXPECT_EQ(post_processing("softmax"), PostProcessingType::softmax);
  EXPECT_EQ(post_processing("sigmoid"), PostProcessingType::sigmoid);

  EXPECT_EQ(parse_with(smallest_config(), "/network_input/dynamic_spatial_size_mode", {{"type", "any-size"}})
                .network_input.dynamic_spatial_size_mode,
            DynamicSpatialSizeMode(AnySize{}));
}

TEST(InferenceConfig, WholeNumbersMayBeWrittenWithADecimalPoint) {
  EXPECT_EQ(parse_with(smallest_config(), "/network_input/training_input_size/width", 320.0)
                .network_input.training_input_size.width,
            320);
}

TEST(InferenceConfig, ClassAgnosticIsANumberOrABoolean) {
  const auto class_agnostic = [](json value) {
    return parse_with(fullest_config(), "/post_processing/nms_parameters/class_agnostic", std::move(value))
        .post_processing->nms_parameters->class_agnostic;
  };
  EXPECT_TRUE(class_agnostic(1));
  EXPECT_TRUE(class_agnostic(true));
  EXPECT_FALSE(class_agnostic(0));
  EXPECT_FALSE(class_agnostic(false));
}

TEST(InferenceConfig, NmsParametersHaveDefaultsOneByOne) {
  json document = smallest_config();
  document["post_processing"] = {{"type", "nms"}, {"fused", true}, {"nms_parameters", {{"iou_threshold", 0.5}}}};
  EXPECT_EQ(parse(document).post_processing->nms_parameters,
            (NmsParameters{
                .max_detections = 300, .confidence_threshold = 0.25, .iou_threshold = 0.5, .class_agnostic = false}));
}

TEST(InferenceConfig, ADisabledStepNeedsNoSettings) {
  json document = smallest_config();
  document["image_pre_processing"] = {{"static-crop", {{"enabled", false}, {"x_min", 0}, {"x_max", 0}}},
                                      {"contrast", {{"enabled", false}}},
                                      {"grayscale", {{"enabled", false}}},
                                      {"auto-orient", {{"enabled", false}}}};
  const ImagePreProcessing image = parse(document).image_pre_processing;
  EXPECT_FALSE(image.static_crop->enabled);
  EXPECT_FALSE(image.contrast->enabled);
  EXPECT_FALSE(image.grayscale);
  EXPECT_FALSE(image.auto_orient);
}

TEST(InferenceConfig, SizesReachTheirLimits) {
  for (const int side : {1, 65535}) {
    EXPECT_EQ(parse_with(smallest_config(), "/network_input/training_input_size", {{"width", side}, {"height", side}})
                  .network_input.training_input_size,
              (Size{side, side}));
  }
}

TEST(InferenceConfig, AnotherChannelCountIsKeptForTheFamilyToJudge) {
  EXPECT_EQ(parse_with(smallest_config(), "/network_input/input_channels", 1).network_input.input_channels, 1);
}

}  // namespace
}  // namespace inference_exp::packages
