// An ONNX package folder becomes a TensorRT package folder, with a stand-in for TensorRT.
#include "inference_exp/compile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/opencv.hpp"
#include "integration/compile_fixture.hpp"
#include "packages/package_directory.hpp"
#include "packages/trt_config.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::names_in;
using ::testing::SizeIs;
using testing::text_in;

class CompileFolder : public testing::CompileTest {
 protected:
  CompileFolder() : source_(detector_folder()) {}

  [[nodiscard]] CompiledPackage compile() const { return compile_model(source_.string(), options_); }
  [[nodiscard]] std::string folder_refusal() const { return refusal(source_.string()); }
  /// Nothing but what the test itself put there, and `made`.
  void expect_nothing_left(const std::string& made = "cache") const {
    EXPECT_THAT(names_in(place_.path()),
                ::testing::IsSubsetOf({std::string("cache"), std::string("detector"), std::string("record"), made}));
  }
  [[nodiscard]] Json json_in(const char* name) const {
    return Json::parse(text_in(place_ / "detector-trt" / name), nullptr, false);
  }
  void use_samples(std::size_t count) {
    picture_ = cv::imread(testing::asset("images/shapes.png").string());
    options_.samples = {.count = count, .at = [this](std::size_t) { return view(picture_); }};
  }

  fs::path source_;
  cv::Mat picture_;
};

TEST_F(CompileFolder, MakesAPackageBesideItThatPredictsTheSame) {
  const CompiledPackage compiled = compile();
  EXPECT_EQ(compiled.folder, place_ / "detector-trt");
  EXPECT_EQ(compiled.precision, Quantization::fp16);
  EXPECT_EQ(compiled.device_name, "tesla-t4");
  EXPECT_EQ(compiled.trt_version, "10.3.0.30");
  const cv::Mat picture = cv::imread(testing::asset("images/shapes.png").string());
  const auto engine = AutoModel::from_pretrained<ObjectDetectionModel>(compiled.folder.string(), options_.load);
  const auto onnx = AutoModel::from_pretrained<ObjectDetectionModel>(source_.string());
  EXPECT_EQ(engine->backend(), "trt");
  EXPECT_EQ(engine->infer(view(picture)), onnx->infer(view(picture)));
  expect_nothing_left("detector-trt");
}

TEST_F(CompileFolder, ThePackageHasTheFilesOfALocalOne) {
  options_.batch = EngineBatch{1, 2, 4};
  (void)compile();
  EXPECT_THAT(names_in(place_ / "detector-trt"),
              ElementsAre("class_names.txt", "engine.plan", "inference_config.json", "local_trt_package_manifest.json",
                          "model_config.json", "trt_config.json"));
  const packages::PackageDirectory package(place_ / "detector-trt");
  EXPECT_FALSE(package.inference_config().network_input.dynamic_spatial_size_supported);
  EXPECT_EQ(package.class_names(), packages::PackageDirectory(source_).class_names());
  EXPECT_EQ(packages::parse_trt_config(text_in(place_ / "detector-trt" / "trt_config.json"), "trt_config.json"),
            (packages::TrtConfig{true, 1, 2, 4}));
  const Json manifest = json_in("local_trt_package_manifest.json");
  EXPECT_EQ(manifest["packageManifest"]["type"], "trt-model-package-v1");
  EXPECT_EQ(manifest["packageManifest"]["cudaVersion"], "12.4");
  EXPECT_EQ(manifest["modelArchitecture"], "yolov8");
  EXPECT_THAT(manifest["files"], SizeIs(4));
  EXPECT_EQ(manifest["accuracy"]["images"], 1);
}

TEST_F(CompileFolder, TheBuilderIsToldWhatWasAskedFor) {
  options_.precision = Quantization::fp32;
  options_.batch = EngineBatch{1, 2, 4};
  options_.workspace_bytes = 1024;
  options_.version_compatible = true;
  options_.load.session.device = "cuda:1";
  (void)compile();
  EXPECT_EQ(asked(),
            "precision=fp32 batch=1:2:4 size=0x0 workspace=1024 compatible=10 device=cuda:1 calibration=none\n");
  EXPECT_TRUE(json_in("local_trt_package_manifest.json")["packageManifest"]["trtForwardCompatible"]);
}

TEST_F(CompileFolder, TimingsAreKeptInTheCache) {
  (void)compile();
  EXPECT_THAT(names_in(place_ / "cache" / "timing-cache"), ElementsAre("10.3.0-tesla-t4-7.5-nvidia-l4-8.9.cache"));
}

TEST_F(CompileFolder, WithoutSamplesAMadeUpPictureIsCompared) {
  const CompiledPackage compiled = compile();
  EXPECT_TRUE(compiled.accuracy.made_up_image);
  EXPECT_EQ(compiled.accuracy.images, 1U);
  ASSERT_THAT(compiled.accuracy.outputs, SizeIs(1));
  EXPECT_EQ(compiled.accuracy.outputs[0].max_abs, 0);
  EXPECT_GT(compiled.accuracy.outputs[0].largest, 0);
}

TEST_F(CompileFolder, SamplesAreComparedUpToALimit) {
  use_samples(5);
  options_.max_compared_images = 2;
  const EngineAccuracy accuracy = compile().accuracy;
  EXPECT_FALSE(accuracy.made_up_image);
  EXPECT_EQ(accuracy.images, 2U);
  ASSERT_TRUE(accuracy.detections.has_value());
  EXPECT_GT(accuracy.detections->matched, 0U);
  EXPECT_EQ(accuracy.detections->matched, accuracy.detections->onnx_boxes);
  EXPECT_EQ(accuracy.detections->min_iou, 1);
}

TEST_F(CompileFolder, Int8IsCalibratedWithEverySampleInWholeBatches) {
  use_samples(3);
  options_.precision = Quantization::int8;
  options_.batch = EngineBatch{1, 2, 2};
  EXPECT_EQ(compile().precision, Quantization::int8);
  EXPECT_THAT(asked(), HasSubstr("calibration=2 of 2\n"));
}

TEST_F(CompileFolder, Int8WithoutSamplesIsRefused) {
  options_.precision = Quantization::int8;
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("InvalidParameterError"), HasSubstr("int8 needs sample images")));
}

TEST_F(CompileFolder, WhatASampleThrowsEndsTheCompilation) {
  options_.precision = Quantization::int8;
  options_.samples = {.count = 1, .at = [](std::size_t) -> ImageView { throw ModelInputError("Not a picture."); }};
  EXPECT_THAT(folder_refusal(), HasSubstr("ModelInputError: Not a picture."));
  expect_nothing_left();
}

TEST_F(CompileFolder, OptionsThatDoNotFitTheNetworkAreRefused) {
  options_.image_size = Size{640, 320};
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("InvalidParameterError"), HasSubstr("640x320")));
  options_.image_size.reset();
  options_.batch = EngineBatch{4, 2, 8};
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("InvalidParameterError"), HasSubstr("4:2:8")));
  options_.batch.reset();
  options_.precision = Quantization::bf16;
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("InvalidParameterError"), HasSubstr("bf16")));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(CompileFolder, ABuilderThatFailsLeavesNothing) {
  compiler_does("fails");
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("OutOfDeviceMemoryError"), HasSubstr("Give it more.")));
  expect_nothing_left();
}

TEST_F(CompileFolder, AnEngineThatDoesNotOpenIsNotKept) {
  compiler_does("unreadable");
  EXPECT_THAT(folder_refusal(), HasSubstr("CorruptedModelPackageError"));
  expect_nothing_left();
}

TEST_F(CompileFolder, ProgressIsToldPhaseByPhase) {
  std::vector<std::string> phases;
  std::int32_t last_step = -1;
  options_.progress = [&](const CompileProgress& progress) {
    if (phases.empty() || phases.back() != progress.phase) phases.push_back(progress.phase);
    if (progress.phase == "Building the stand-in") last_step = progress.step;
    return true;
  };
  (void)compile();
  EXPECT_THAT(phases, ElementsAre("Looking for the ONNX package", "Building the engine", "Building the stand-in",
                                  "Opening the engine", "Comparing with the ONNX network", "Writing the package"));
  EXPECT_EQ(last_step, 4);
}

class CancelledIn : public CompileFolder, public ::testing::WithParamInterface<std::string> {};

TEST_P(CancelledIn, LeavesNothing) {
  options_.progress = [](const CompileProgress& progress) { return progress.phase != GetParam(); };
  EXPECT_THAT(folder_refusal(), HasSubstr("OperationCancelledError"));
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Compile, CancelledIn,
                         ::testing::Values("Building the stand-in", "Opening the engine",
                                           "Comparing with the ONNX network", "Writing the package"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::erase_if(name, [](char c) { return c == ' ' || c == '-'; });
                           return name;
                         });

TEST_F(CompileFolder, CanBeCancelledBetweenSampleImages) {
  use_samples(3);
  options_.precision = Quantization::int8;
  options_.progress = [](const CompileProgress& progress) {
    return progress.phase != "Reading the sample images" || progress.step < 1;
  };
  EXPECT_THAT(folder_refusal(), HasSubstr("OperationCancelledError"));
  EXPECT_THAT(asked(), IsEmpty());
  expect_nothing_left();
}

TEST_F(CompileFolder, AFolderThatDoesNotEndWithItsNameHasADefaultOutputToo) {
  for (const char* ending : {"", ".", "../detector", "../detector/."}) {
    const CompiledPackage compiled = compile_model((source_ / ending).string(), options_);
    EXPECT_EQ(compiled.folder, place_ / "detector-trt") << ending;
    EXPECT_EQ(compiled.model_id, "detector") << ending;
    fs::remove_all(compiled.folder);
  }
  options_.output = place_ / "new" / ".";
  EXPECT_EQ(compile().folder, place_ / "new");
}

TEST_F(CompileFolder, AnUnreadableSourceFileIsToldBeforeTheBuild) {
  std::ofstream(source_ / "keypoints_metadata.json") << "{";
  EXPECT_THAT(folder_refusal(), HasSubstr("keypoints_metadata.json"));
  EXPECT_THAT(asked(), IsEmpty());
  expect_nothing_left();
}

TEST_F(CompileFolder, AnEngineWithCodeThatLoadsForbidIsRefusedAtOnce) {
  options_.version_compatible = true;
  options_.load.trt_engine_host_code_allowed = false;
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("InvalidParameterError"), HasSubstr("trt_engine_host_code_allowed")));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(CompileFolder, NothingThatIsThereIsOverwritten) {
  fs::create_directory(place_ / "taken");
  options_.output = place_ / "taken";
  EXPECT_THAT(folder_refusal(), AllOf(HasSubstr("InvalidParameterError"), HasSubstr("is there already")));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(CompileFolder, OnlyOnnxPackagesAreTaken) {
  EXPECT_THAT(refusal((source_ / "weights.onnx").string()), HasSubstr("InvalidModelInitParameterError"));
  const CompiledPackage compiled = compile();
  EXPECT_THAT(refusal(compiled.folder.string()),
              AllOf(HasSubstr("InvalidModelInitParameterError"), HasSubstr("\"trt\"")));
  options_.load.allow_direct_local_storage_loading = false;
  options_.output = place_ / "another";
  EXPECT_THAT(folder_refusal(), HasSubstr("DirectLocalStorageAccessError"));
}

TEST_F(CompileFolder, AnEnvironmentJsonBecomesAnInferenceConfig) {
  fs::remove(source_ / "inference_config.json");
  std::ofstream(source_ / "environment.json")
      << R"({"PREPROCESSING": "{\"resize\": {\"enabled\": true, \"width\": 320, \"height\": 320, )"
      << R"(\"format\": \"Fit (grey edges) in\"}}"})";
  (void)compile();
  const packages::InferenceConfig before = packages::PackageDirectory(source_).inference_config();
  const packages::InferenceConfig after = packages::PackageDirectory(place_ / "detector-trt").inference_config();
  EXPECT_EQ(after.network_input, before.network_input);
  EXPECT_EQ(after.post_processing, before.post_processing);
  EXPECT_FALSE(fs::exists(place_ / "detector-trt" / "environment.json"));
}

TEST_F(CompileFolder, WithoutAPluginNothingIsCompiled) {
  options_.load.backend_paths = {place_.path()};
  EXPECT_THAT(folder_refusal(), HasSubstr("MissingDependencyError"));
}

}  // namespace
}  // namespace inference_exp
