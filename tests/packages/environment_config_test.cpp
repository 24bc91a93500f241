#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "packages/errors.hpp"
#include "packages/inference_config.hpp"

namespace inference_exp::packages {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::corruption;
using ::testing::HasSubstr;

json resize(json width, json height, json format) {
  return {{"enabled", true}, {"width", std::move(width)}, {"height", std::move(height)}, {"format", std::move(format)}};
}

/// PREPROCESSING is JSON inside a string.
std::string environment(const json& preprocessing) {
  return json{{"PREPROCESSING", preprocessing.dump()}, {"CLASS_MAP", {{"0", "cat"}}}}.dump();
}

InferenceConfig parse(const json& preprocessing) {
  return parse_environment_config(environment(preprocessing), "environment.json");
}

TEST(EnvironmentConfig, StretchBecomesTheSameValueAsInferenceConfig) {
  const InferenceConfig config = parse({{"resize", resize(640, 480, "Stretch to")}});
  const NetworkInput expected{.training_input_size = {640, 480},
                              .dataset_version_resize_dimensions = {},
                              .dynamic_spatial_size_supported = false,
                              .dynamic_spatial_size_mode = {},
                              .color_mode = ColorMode::rgb,
                              .resize_mode = ResizeMode::stretch,
                              .padding_value = {},
                              .input_channels = 3,
                              .scaling_factor = 255.0,
                              .normalization = {}};
  EXPECT_EQ(config.network_input, expected);
  EXPECT_EQ(config.image_pre_processing, ImagePreProcessing{});
  EXPECT_EQ(config.forward_pass, ForwardPass{});
  EXPECT_EQ(config.post_processing, (PostProcessing{PostProcessingType::nms, false, {}}));
}

TEST(EnvironmentConfig, TheColourOfTheEdgesIsThePaddingValue) {
  const auto padding = [](const char* format) {
    const NetworkInput input = parse({{"resize", resize(640, 640, format)}}).network_input;
    EXPECT_EQ(input.resize_mode, ResizeMode::letterbox) << format;
    return input.padding_value;
  };
  EXPECT_EQ(padding("Fit (black edges) in"), 0);
  EXPECT_EQ(padding("Fit (grey edges) in"), 127);
  EXPECT_EQ(padding("Fit (white edges) in"), 255);
  EXPECT_EQ(padding("black edges"), 0);
}

TEST(EnvironmentConfig, SizesMayBeWrittenAsText) {
  EXPECT_EQ(parse({{"resize", resize("416", " 320 ", "Stretch to")}}).network_input.training_input_size,
            (Size{416, 320}));
}

TEST(EnvironmentConfig, WithoutAnEnabledResizeThereIsNone) {
  EXPECT_EQ(parse({{"resize", {{"enabled", false}}}}).network_input.resize_mode, ResizeMode::none);
  EXPECT_EQ(parse({{"resize", nullptr}}).network_input.resize_mode, ResizeMode::none);
  EXPECT_EQ(parse({{"auto-orient", {{"enabled", true}}}}).network_input.resize_mode, ResizeMode::none);
}

TEST(EnvironmentConfig, PreprocessingMustBeJsonInsideAString) {
  EXPECT_THAT(corruption([] { (void)parse_environment_config("{}", "environment.json"); }),
              AllOf(HasSubstr("environment.json"), HasSubstr("PREPROCESSING is missing")));
  EXPECT_THAT(corruption([] { (void)parse_environment_config(R"({"PREPROCESSING": {}})", "environment.json"); }),
              AllOf(HasSubstr("PREPROCESSING"), HasSubstr("a string, found an object")));
  EXPECT_THAT(corruption([] { (void)parse_environment_config(R"({"PREPROCESSING": "{"})", "environment.json"); }),
              AllOf(HasSubstr("environment.json"), HasSubstr("PREPROCESSING"), HasSubstr("not valid JSON")));
  EXPECT_THAT(corruption([] { (void)parse_environment_config(R"({"PREPROCESSING": "[]"})", "environment.json"); }),
              AllOf(HasSubstr("PREPROCESSING"), HasSubstr("an object")));
  EXPECT_THAT(corruption([] { (void)parse_environment_config("", "environment.json"); }),
              HasSubstr("environment.json"));
}

struct BadResize {
  const char* key;
  json value;  // discarded: the key is left out
};

TEST(EnvironmentConfig, EveryMistakeInResizeIsNamed) {
  const std::vector<BadResize> mistakes = {{"enabled", json::value_t::discarded},
                                           {"enabled", "true"},
                                           {"width", json::value_t::discarded},
                                           {"height", json::value_t::discarded},
                                           {"width", "wide"},
                                           {"width", ""},
                                           {"width", "640px"},
                                           {"width", "-1"},
                                           {"width", "+1"},
                                           {"width", 0},
                                           {"height", 65536},
                                           {"height", "99999999999999999999"},
                                           {"height", 640.5},
                                           {"height", "640.5"},
                                           {"height", nullptr},
                                           {"format", json::value_t::discarded},
                                           {"format", 1},
                                           {"format", "stretch to"},
                                           {"format", "Fill (with center crop) in"}};
  for (const BadResize& mistake : mistakes) {
    json block = resize(640, 640, "Stretch to");
    if (mistake.value.is_discarded()) {
      block.erase(mistake.key);
    } else {
      block[mistake.key] = mistake.value;
    }
    SCOPED_TRACE(block.dump());
    EXPECT_THAT(corruption([&] {
                  (void)parse({{"resize", block}});
                }),
                AllOf(HasSubstr("environment.json"), HasSubstr(std::string("resize.") + mistake.key)));
  }
}

}  // namespace
}  // namespace inference_exp::packages
