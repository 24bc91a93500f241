// Documents that must be refused, each with an error that leads to the mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "packages/config_documents.hpp"
#include "packages/errors.hpp"
#include "packages/inference_config.hpp"

namespace inference_exp::packages {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::corruption;
using ::testing::HasSubstr;

/// The fullest valid document with one value put in place (JSON text), or taken out ("").
struct Mistake {
  const char* pointer;
  const char* value;
  const char* named_key;      // the error names this key ...
  const char* expected = "";  // ... and says this about it

  friend std::ostream& operator<<(std::ostream& out, const Mistake& mistake) {
    return out << mistake.pointer << " = " << (*mistake.value != '\0' ? mistake.value : "(absent)");
  }
};

// Text rather than json::dump, so that values which JSON libraries would normalise arrive as written.
std::string with(const Mistake& mistake) {
  json document = testing::fullest_config();
  const json::json_pointer pointer(mistake.pointer);
  if (*mistake.value == '\0') {
    document.at(pointer.parent_pointer()).erase(pointer.back());
    return document.dump();
  }
  document[pointer] = "@value@";
  std::string text = document.dump();
  constexpr std::string_view kPlaceholder = "\"@value@\"";
  return text.replace(text.find(kPlaceholder), kPlaceholder.size(), mistake.value);
}

class MalformedInferenceConfig : public ::testing::TestWithParam<Mistake> {};

TEST_P(MalformedInferenceConfig, IsRefusedNamingFileAndKey) {
  const std::string text = with(GetParam());
  const std::string message = corruption([&] { (void)parse_inference_config(text, "some/inference_config.json"); });
  EXPECT_THAT(message, AllOf(HasSubstr("some/inference_config.json"), HasSubstr(GetParam().named_key),
                             HasSubstr(GetParam().expected)));
}

TEST(MalformedInferenceConfig, TheUnchangedDocumentIsAccepted) {
  EXPECT_NO_THROW((void)parse_inference_config(testing::fullest_config().dump(), "inference_config.json"));
}

INSTANTIATE_TEST_SUITE_P(
    ImagePreProcessing, MalformedInferenceConfig,
    ::testing::Values(
        Mistake{"/image_pre_processing", "[]", "image_pre_processing", "an object, found an array of 0"},
        Mistake{"/image_pre_processing", "true", "image_pre_processing", "an object, found true"},
        Mistake{"/image_pre_processing/auto-orient", "true", "image_pre_processing.auto-orient", "an object"},
        Mistake{"/image_pre_processing/auto-orient/enabled", "", "image_pre_processing.auto-orient.enabled", "missing"},
        Mistake{"/image_pre_processing/auto-orient/enabled", "\"true\"", "auto-orient.enabled", "true or false"},
        Mistake{"/image_pre_processing/auto-orient/enabled", "1", "auto-orient.enabled", "true or false, found 1"},
        Mistake{"/image_pre_processing/grayscale", "{}", "image_pre_processing.grayscale.enabled", "missing"},
        Mistake{"/image_pre_processing/grayscale/enabled", "null", "grayscale.enabled", "missing"},
        Mistake{"/image_pre_processing/static-crop", "5", "image_pre_processing.static-crop", "an object"},
        Mistake{"/image_pre_processing/static-crop/enabled", "", "static-crop.enabled", "missing"},
        Mistake{"/image_pre_processing/static-crop/x_min", "", "static-crop.x_min", "missing"},
        Mistake{"/image_pre_processing/static-crop/x_max", "", "static-crop.x_max", "missing"},
        Mistake{"/image_pre_processing/static-crop/y_min", "", "static-crop.y_min", "missing"},
        Mistake{"/image_pre_processing/static-crop/y_max", "", "static-crop.y_max", "missing"},
        Mistake{"/image_pre_processing/static-crop/x_min", "-1", "static-crop.x_min", "from 0 to 100, found -1"},
        Mistake{"/image_pre_processing/static-crop/x_max", "101", "static-crop.x_max", "from 0 to 100"},
        Mistake{"/image_pre_processing/static-crop/y_min", "\"five\"", "static-crop.y_min",
                "found the string \"five\""},
        Mistake{"/image_pre_processing/static-crop/y_max", "94.5", "static-crop.y_max", "a whole number"},
        Mistake{"/image_pre_processing/static-crop/x_max", "10", "static-crop.x_max", "greater than x_min"},
        Mistake{"/image_pre_processing/static-crop/x_max", "9", "static-crop.x_max", "greater than x_min"},
        Mistake{"/image_pre_processing/static-crop/y_max", "5", "static-crop.y_max", "greater than y_min"},
        Mistake{"/image_pre_processing/contrast", "\"on\"", "image_pre_processing.contrast", "an object"},
        Mistake{"/image_pre_processing/contrast/enabled", "", "contrast.enabled", "missing"},
        Mistake{"/image_pre_processing/contrast/type", "", "contrast.type", "missing"},
        Mistake{"/image_pre_processing/contrast/type", "\"adaptive equalization\"", "contrast.type",
                "\"Adaptive Equalization\""},
        Mistake{"/image_pre_processing/contrast/type", "3", "contrast.type", "one of"}));

INSTANTIATE_TEST_SUITE_P(
    NetworkInput, MalformedInferenceConfig,
    ::testing::Values(
        Mistake{"/network_input", "", "network_input", "missing"},
        Mistake{"/network_input", "null", "network_input", "missing"},
        Mistake{"/network_input", "[]", "network_input", "an object"},
        Mistake{"/network_input/training_input_size", "", "network_input.training_input_size", "missing"},
        Mistake{"/network_input/training_input_size", "[640, 640]", "network_input.training_input_size", "an object"},
        Mistake{"/network_input/training_input_size/height", "", "training_input_size.height", "missing"},
        Mistake{"/network_input/training_input_size/width", "", "training_input_size.width", "missing"},
        Mistake{"/network_input/training_input_size/width", "0", "training_input_size.width", "from 1 to 65535"},
        Mistake{"/network_input/training_input_size/width", "-640", "training_input_size.width", "found -640"},
        Mistake{"/network_input/training_input_size/width", "65536", "training_input_size.width", "from 1 to 65535"},
        Mistake{"/network_input/training_input_size/width", "4294967936", "training_input_size.width", "1 to 65535"},
        Mistake{"/network_input/training_input_size/width", "18446744073709552256", "training_input_size.width"},
        Mistake{"/network_input/training_input_size/width", "640.5", "training_input_size.width", "a whole number"},
        Mistake{"/network_input/training_input_size/width", "\"640px\"", "training_input_size.width",
                "string \"640px\""},
        Mistake{"/network_input/training_input_size/width", "true", "training_input_size.width", "found true"},
        Mistake{"/network_input/dataset_version_resize_dimensions", "640", "dataset_version_resize_dimensions"},
        Mistake{"/network_input/dataset_version_resize_dimensions/width", "0",
                "dataset_version_resize_dimensions.width", "from 1 to 65535"},
        Mistake{"/network_input/dynamic_spatial_size_supported", "", "dynamic_spatial_size_supported", "missing"},
        Mistake{"/network_input/dynamic_spatial_size_supported", "\"yes\"", "dynamic_spatial_size_supported",
                "true or false"},
        Mistake{"/network_input/dynamic_spatial_size_mode", "\"any-size\"", "dynamic_spatial_size_mode", "an object"},
        Mistake{"/network_input/dynamic_spatial_size_mode/type", "", "dynamic_spatial_size_mode.type", "missing"},
        Mistake{"/network_input/dynamic_spatial_size_mode/type", "\"divisible-padding\"",
                "dynamic_spatial_size_mode.type", "\"pad-to-be-divisible\", \"any-size\""},
        Mistake{"/network_input/dynamic_spatial_size_mode/value", "", "dynamic_spatial_size_mode.value", "missing"},
        Mistake{"/network_input/dynamic_spatial_size_mode/value", "0", "dynamic_spatial_size_mode.value", "from 1"},
        Mistake{"/network_input/color_mode", "", "network_input.color_mode", "missing"},
        Mistake{"/network_input/color_mode", "\"RGB\"", "network_input.color_mode", "one of \"rgb\", \"bgr\""},
        Mistake{"/network_input/resize_mode", "", "network_input.resize_mode", "missing"},
        Mistake{"/network_input/resize_mode", "\"Stretch to\"", "network_input.resize_mode", "\"center-crop\""},
        Mistake{"/network_input/padding_value", "-1", "network_input.padding_value", "from 0 to 255"},
        Mistake{"/network_input/padding_value", "256", "network_input.padding_value", "from 0 to 255"},
        Mistake{"/network_input/padding_value", "[114, 114, 114]", "network_input.padding_value", "array of 3"},
        Mistake{"/network_input/input_channels", "", "network_input.input_channels", "missing"},
        Mistake{"/network_input/input_channels", "0", "network_input.input_channels", "from 1"},
        Mistake{"/network_input/scaling_factor", "0", "network_input.scaling_factor", "other than 0"},
        Mistake{"/network_input/scaling_factor", "-0.0", "network_input.scaling_factor", "other than 0"},
        Mistake{"/network_input/scaling_factor", "1e-46", "network_input.scaling_factor", "other than 0"},
        Mistake{"/network_input/scaling_factor", "1e300", "network_input.scaling_factor", "32-bit float"},
        Mistake{"/network_input/scaling_factor", "\"many\"", "network_input.scaling_factor", "a number"},
        Mistake{"/network_input/scaling_factor", "1e999", "is not valid JSON"},
        Mistake{"/network_input/scaling_factor", "NaN", "is not valid JSON"},
        Mistake{"/network_input/scaling_factor", "Infinity", "is not valid JSON"}));

INSTANTIATE_TEST_SUITE_P(
    Normalization, MalformedInferenceConfig,
    ::testing::Values(
        Mistake{"/network_input/normalization", "{}", "network_input.normalization", "an array of 2"},
        Mistake{"/network_input/normalization", "[]", "network_input.normalization", "found an array of 0"},
        Mistake{"/network_input/normalization", "[[0, 0, 0]]", "network_input.normalization", "found an array of 1"},
        Mistake{"/network_input/normalization", "[[0, 0], [1, 1]]", "network_input.normalization[0]", "3 means"},
        Mistake{"/network_input/normalization", "[[0, 0, 0], [1]]", "network_input.normalization[1]",
                "3 standard deviations"},
        Mistake{"/network_input/normalization", "[[0, 0, 0], 1]", "network_input.normalization[1]", "found 1"},
        Mistake{"/network_input/normalization", "[[0, \"a\", 0], [1, 1, 1]]", "network_input.normalization[0][1]"},
        Mistake{"/network_input/normalization", "[[0, 0, 1e39], [1, 1, 1]]", "network_input.normalization[0][2]"},
        Mistake{"/network_input/normalization", "[[0, 0, 0], [1, 1, 0]]", "network_input.normalization[1][2]",
                "other than 0"},
        Mistake{"/network_input/normalization", "[[0, 0, 0], [1, null, 1]]", "network_input.normalization[1][1]"}));

INSTANTIATE_TEST_SUITE_P(
    TheRest, MalformedInferenceConfig,
    ::testing::Values(
        Mistake{"/forward_pass", "8", "forward_pass", "an object"},
        Mistake{"/forward_pass/static_batch_size", "0", "forward_pass.static_batch_size", "from 1"},
        Mistake{"/forward_pass/static_batch_size", "1000000000", "forward_pass.static_batch_size", "from 1 to 65535"},
        Mistake{"/forward_pass/max_dynamic_batch_size", "-8", "forward_pass.max_dynamic_batch_size", "found -8"},
        Mistake{"/forward_pass/max_dynamic_batch_size", "\"eight\"", "forward_pass.max_dynamic_batch_size"},
        Mistake{"/post_processing", "\"nms\"", "post_processing", "an object"},
        Mistake{"/post_processing/type", "", "post_processing.type", "missing"},
        Mistake{"/post_processing/type", "\"NMS\"", "post_processing.type", "one of \"nms\", \"softmax\""},
        Mistake{"/post_processing/fused", "", "post_processing.fused", "missing"},
        Mistake{"/post_processing/fused", "0", "post_processing.fused", "true or false"},
        Mistake{"/post_processing/nms_parameters", "[]", "post_processing.nms_parameters", "an object"},
        Mistake{"/post_processing/nms_parameters/max_detections", "0", "nms_parameters.max_detections", "at least 1"},
        Mistake{"/post_processing/nms_parameters/max_detections", "4294967297", "nms_parameters.max_detections"},
        Mistake{"/post_processing/nms_parameters/confidence_threshold", "1.01",
                "post_processing.nms_parameters.confidence_threshold", "found 1.01"},
        Mistake{"/post_processing/nms_parameters/iou_threshold", "-0.1", "nms_parameters.iou_threshold", "a number"},
        Mistake{"/post_processing/nms_parameters/class_agnostic", "2", "nms_parameters.class_agnostic", "0, 1, true"},
        Mistake{"/post_processing/nms_parameters/class_agnostic", "\"no\"", "nms_parameters.class_agnostic"},
        Mistake{"/model_initialization", "[1]", "model_initialization", "an object"},
        Mistake{"/class_names_operations", "{}", "class_names_operations", "an array"},
        Mistake{"/class_names_operations/0", "\"background\"", "class_names_operations[0]", "an object"},
        Mistake{"/class_names_operations/0/type", "\"rename\"", "class_names_operations[0].type",
                "\"class_name_removal\""},
        Mistake{"/class_names_operations/0/type", "", "class_names_operations[0].type", "missing"},
        Mistake{"/class_names_operations/0/class_name", "", "class_names_operations[0].class_name", "missing"},
        Mistake{"/class_names_operations/0/class_name", "7", "class_names_operations[0].class_name", "a string"}));

TEST(MalformedInferenceConfig, ADocumentThatIsNotAnObjectIsRefused) {
  for (const char* text :
       {"", " ", "null", "[]", "3", "\"text\"", "{", "{}x", "\xFF\xFE{\0}", "{'network_input': 1}"}) {
    EXPECT_THAT(corruption([&] { (void)parse_inference_config(text, "inference_config.json"); }),
                HasSubstr("inference_config.json"))
        << text;
  }
}

TEST(MalformedInferenceConfig, AKeyWrittenTwiceIsRefused) {
  EXPECT_THAT(corruption([] { (void)parse_inference_config(R"({"forward_pass": {}, "forward_pass": {}})", "a.json"); }),
              AllOf(HasSubstr("a.json"), HasSubstr("forward_pass"), HasSubstr("twice")));
}

}  // namespace
}  // namespace inference_exp::packages
