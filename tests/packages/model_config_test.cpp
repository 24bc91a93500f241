#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packages/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::corruption;
using ::testing::HasSubstr;

ModelConfig parse(std::string_view text) { return parse_model_config(text, "model_config.json"); }

TEST(ModelConfig, OfAPackageThatTheOldLoaderWrote) {
  const ModelConfig config =
      parse(R"({"model_architecture": "yolov8", "task_type": "object-detection", "backend_type": "onnx"})");
  EXPECT_EQ(config.model_architecture, "yolov8");
  EXPECT_EQ(config.task_type, "object-detection");
  EXPECT_EQ(config.backend_type, "onnx");
  EXPECT_FALSE(config.model_module);
  EXPECT_FALSE(config.model_class);
  EXPECT_FALSE(config.model_id);
}

TEST(ModelConfig, OfAPackageThatTheNewLoaderWrote) {
  const ModelConfig config = parse(
      R"({"offline_manifest_version": 4, "model_id": "coco/3", "canonical_model_id": "coco/3",
          "model_architecture": "yolov11", "task_type": "instance-segmentation", "backend_type": "trt",
          "model_features": null, "trusted_source": true, "package_artifacts": []})");
  EXPECT_EQ(config.model_id, "coco/3");
  EXPECT_EQ(config.model_architecture, "yolov11");
  EXPECT_EQ(config.backend_type, "trt");
}

TEST(ModelConfig, OfAPackageWithCodeOfItsOwn) {
  const ModelConfig config = parse(R"({"model_module": "model.py", "model_class": "MyModel"})");
  EXPECT_EQ(config.model_module, "model.py");
  EXPECT_EQ(config.model_class, "MyModel");
}

TEST(ModelConfig, EveryKeyMayBeLeftOutOrNull) {
  EXPECT_FALSE(parse("{}").backend_type);
  EXPECT_FALSE(parse(R"({"backend_type": null, "model_id": null})").backend_type);
}

TEST(ModelConfig, EveryBackendOfTheFormatIsKnown) {
  for (const char* backend :
       {"trt", "torch", "onnx", "torch-script", "hugging-face", "ultralytics", "mediapipe", "custom"}) {
    EXPECT_EQ(parse(R"({"backend_type": ")" + std::string(backend) + "\"}").backend_type, backend);
  }
}

TEST(ModelConfig, AnUnknownBackendIsRefusedAndTheKnownOnesAreListed) {
  EXPECT_THAT(corruption([] { (void)parse(R"({"backend_type": "tensorflow"})"); }),
              AllOf(HasSubstr("model_config.json"), HasSubstr("backend_type"), HasSubstr("\"onnx\""),
                    HasSubstr("\"tensorflow\"")));
}

TEST(ModelConfig, WrongTypesAreRefusedNamingTheKey) {
  for (const char* key :
       {"model_architecture", "task_type", "backend_type", "model_module", "model_class", "model_id"}) {
    EXPECT_THAT(corruption([&] { (void)parse("{\"" + std::string(key) + "\": 3}"); }),
                AllOf(HasSubstr("model_config.json"), HasSubstr(key)));
  }
  for (const char* text : {"", "[]", "null", "{"}) {
    EXPECT_THAT(corruption([&] { (void)parse(text); }), HasSubstr("model_config.json")) << text;
  }
}

}  // namespace
}  // namespace inference_exp::packages
