// One package of a provider's answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>
#include <utility>
#include <variant>

#include "inference_exp/errors.hpp"
#include "packages/model_metadata.hpp"
#include "packages/provider_answers.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kJetson;
using testing::kOnnx;
using testing::kServer;
using testing::kTorch;
using testing::kTorchScript;
using testing::message_of;
using testing::package;
using testing::with;

PackageMetadata parse_entry(const Json& entry) { return parse_package_entry(entry, "provider.test"); }

std::string inconsistency(const Json& entry) {
  return message_of<ModelMetadataConsistencyError>([&] { (void)parse_entry(entry); });
}

TEST(PackageEntry, OfAnOnnxPackage) {
  const PackageMetadata onnx = parse_entry(package(kOnnx));
  EXPECT_EQ(onnx.id, "0a1b");
  EXPECT_EQ(onnx.backend, "onnx");
  EXPECT_EQ(onnx.quantization, Quantization::fp32);
  EXPECT_TRUE(onnx.batch.dynamic);
  EXPECT_FALSE(onnx.batch.static_size);
  EXPECT_TRUE(onnx.trusted);
  EXPECT_EQ(std::get<OnnxPackageDetails>(onnx.details).opset, 19);
  EXPECT_THAT(std::get<OnnxPackageDetails>(onnx.details).incompatible_providers,
              ElementsAre("CoreMLExecutionProvider"));
  EXPECT_EQ(onnx.features.at("nms_fused"), R"({"class_agnostic":false,"max_detections":300})");
  EXPECT_EQ(onnx.recommended->confidence, 0.5);
  ASSERT_EQ(onnx.files.size(), 2U);
  EXPECT_EQ(onnx.files[0].handle, "weights.onnx");
  EXPECT_EQ(onnx.files[0].url, "https://cdn.example.test/w?sig=abc");
  EXPECT_EQ(onnx.files[0].md5, "9e107d9d372bb6826bd81d3542a419d6");
  EXPECT_FALSE(onnx.files[1].md5);
}

TEST(PackageEntry, OfATorchPackage) {
  const PackageMetadata torch = parse_entry(package(kTorch));
  EXPECT_EQ(torch.backend, "torch");
  EXPECT_EQ(torch.quantization, Quantization::bf16);
  EXPECT_FALSE(torch.batch.dynamic);
  EXPECT_EQ(torch.batch.static_size, 4);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(torch.details));
}

TEST(PackageEntry, OfATensorRtPackageForServers) {
  const PackageMetadata trt = parse_entry(package(kServer));
  EXPECT_EQ(trt.backend, "trt");
  EXPECT_EQ(trt.batch.min, 1);
  EXPECT_EQ(trt.batch.opt, 8);
  EXPECT_EQ(trt.batch.max, 16);
  const auto& details = std::get<TrtPackageDetails>(trt.details);
  EXPECT_EQ(details.device_name, "tesla-t4");
  EXPECT_EQ(details.compute_capability, "7.5");
  EXPECT_EQ(details.cuda_version, "12.8");
  EXPECT_EQ(details.trt_version, "10.12.0.36");
  EXPECT_TRUE(details.same_cc_compatible);
  EXPECT_FALSE(details.forward_compatible);
  EXPECT_TRUE(details.lean_runtime_excluded);
  EXPECT_EQ(details.machine, TrtPackageDetails::Machine::gpu_server);
  EXPECT_EQ(details.driver_version, "570.86.15");
  EXPECT_EQ(details.os_version, "ubuntu-22.04");
  EXPECT_EQ(details.l4t_version, "");
}

TEST(PackageEntry, OfATensorRtPackageForJetsons) {
  const PackageMetadata trt = parse_entry(package(kJetson));
  EXPECT_EQ(trt.batch.static_size, 1);
  const auto& details = std::get<TrtPackageDetails>(trt.details);
  EXPECT_EQ(details.machine, TrtPackageDetails::Machine::jetson);
  EXPECT_EQ(details.trt_version, "10.3.0.30.post1");
  EXPECT_EQ(details.driver_version, "540.4.0");
  EXPECT_EQ(details.l4t_version, "36.4.0");
  EXPECT_EQ(details.jetson_name, "nvidia-jetson-orin-nx");
  EXPECT_EQ(details.os_version, "");
}

TEST(PackageEntry, OfATorchScriptPackage) {
  const PackageMetadata script = parse_entry(package(kTorchScript));
  EXPECT_EQ(script.backend, "torch-script");
  const auto& details = std::get<TorchScriptPackageDetails>(script.details);
  EXPECT_THAT(details.device_types, ElementsAre("cpu", "cuda"));
  EXPECT_EQ(details.torch_version, "2.6.0+cu124");
  EXPECT_EQ(details.torchvision_version, "0.21.0");
  EXPECT_FALSE(
      std::get<TorchScriptPackageDetails>(parse_entry(with(kTorchScript, R"({"torchVisionVersion": null})")).details)
          .torchvision_version);
}

TEST(PackageEntry, OfPackagesWithoutABatchSize) {
  for (const auto& [manifest, backend, quantization] :
       {std::tuple(R"({"type": "hf-model-package-v1", "backendType": "hf", "quantization": "fp16"})", "hugging-face",
                   Quantization::fp16),
        std::tuple(R"({"type": "ultralytics-model-package-v1"})", "ultralytics", Quantization::unknown),
        std::tuple(R"({"type": "mediapipe-model-package-v1", "backendType": "mediapipe"})", "mediapipe",
                   Quantization::unknown)}) {
    Json entry = package(kTorch);
    entry["packageManifest"] = Json::parse(manifest);
    const PackageMetadata parsed = parse_entry(entry);
    EXPECT_EQ(parsed.backend, backend);
    EXPECT_EQ(parsed.quantization, quantization);
    EXPECT_FALSE(parsed.batch.dynamic);
    EXPECT_FALSE(parsed.batch.static_size);
    EXPECT_EQ(package_entry(parsed), entry);
  }
}

TEST(PackageEntry, WhatIsLeftOutHasItsDefault) {
  Json entry = with(kServer, R"({"sameCCCompatible": null, "trtForwardCompatible": null,
                                 "trtLeanRuntimeExcluded": null, "dynamicBatchSize": null, "staticBatchSize": 2,
                                 "minBatchSize": null, "optBatchSize": null, "maxBatchSize": null})");
  for (const char* key : {"trustedSource", "modelFeatures", "recommendedParameters"}) entry.erase(key);
  const PackageMetadata trt = parse_entry(entry);
  EXPECT_FALSE(trt.trusted);
  EXPECT_THAT(trt.features, IsEmpty());
  EXPECT_FALSE(trt.recommended);
  EXPECT_FALSE(trt.batch.dynamic);
  const auto& details = std::get<TrtPackageDetails>(trt.details);
  EXPECT_FALSE(details.same_cc_compatible);
  EXPECT_FALSE(details.forward_compatible);
  EXPECT_FALSE(details.lean_runtime_excluded);

  const PackageMetadata onnx = parse_entry(with(kOnnx, R"({"incompatibleProviders": null})"));
  EXPECT_THAT(std::get<OnnxPackageDetails>(onnx.details).incompatible_providers, IsEmpty());
}

TEST(PackageEntry, NumbersMayBeStringsAndUnknownKeysAreIgnored) {
  Json entry = with(kServer, R"({"minBatchSize": "2", "optBatchSize": " 4 ", "maxBatchSize": 8.0, "new": {}})");
  entry["newer"] = Json::array();
  const BatchSupport batch = parse_entry(entry).batch;
  EXPECT_EQ(batch.min, 2);
  EXPECT_EQ(batch.opt, 4);
  EXPECT_EQ(batch.max, 8);
  EXPECT_EQ(std::get<OnnxPackageDetails>(parse_entry(with(kOnnx, R"({"opset": "17"})")).details).opset, 17);
}

TEST(PackageEntry, PackagesAreWrittenBackAsTheyCame) {
  const Json entries = answer()["modelMetadata"]["modelPackages"];
  ASSERT_EQ(entries.size(), 5U);
  for (const Json& entry : entries) {
    EXPECT_EQ(package_entry(parse_entry(entry)), entry);
  }
}

TEST(PackageEntry, OnlyPackagesOfTheFormatCanBeWritten) {
  PackageMetadata package = parse_entry(testing::package(kOnnx));
  package.backend = "tflite";
  EXPECT_THROW((void)package_entry(package), InvalidParameterError);
  package.backend = "onnx";
  package.details = std::monostate();
  EXPECT_THROW((void)package_entry(package), InvalidParameterError) << "details are missing";
}

TEST(PackageEntry, RequiredKeysOfAPackage) {
  for (const char* key : {"type", "packageId", "packageManifest", "packageFiles"}) {
    Json entry = package(kOnnx);
    entry.erase(key);
    EXPECT_THAT(inconsistency(entry), AllOf(HasSubstr("provider.test"), HasSubstr(key), HasSubstr("missing")));
  }
  for (const char* key : {"fileHandle", "downloadUrl"}) {
    Json entry = package(kOnnx);
    entry["packageFiles"][1].erase(key);
    EXPECT_THAT(inconsistency(entry), HasSubstr("packageFiles[1]." + std::string(key) + " is missing"));
  }
}

TEST(PackageEntry, RequiredKeysOfManifests) {
  using Keys = std::vector<std::string>;
  for (const auto& [index, keys] :
       {std::pair(kOnnx, Keys{"type", "backendType", "quantization", "opset"}),
        std::pair(kTorch, Keys{"type", "backendType", "quantization"}),
        std::pair(kServer, Keys{"type", "backendType", "quantization", "cudaDeviceType", "cudaDeviceCC", "cudaVersion",
                                "trtVersion", "machineType", "machineSpecs"}),
        std::pair(kTorchScript, Keys{"type", "backendType", "quantization", "supportedDeviceTypes", "torchVersion"})}) {
    for (const std::string& key : keys) {
      EXPECT_THAT(inconsistency(with(index, ("{\"" + key + "\": null}").c_str())),
                  AllOf(HasSubstr(package(index)["packageId"]), HasSubstr("packageManifest." + key)));
    }
  }
  for (const auto& [index, keys] : {std::pair(kServer, Keys{"type", "driverVersion", "osVersion"}),
                                    std::pair(kJetson, Keys{"type", "driverVersion", "l4tVersion", "deviceName"})}) {
    for (const std::string& key : keys) {
      EXPECT_THAT(inconsistency(with(index, (R"({"machineSpecs": {")" + key + "\": null}}").c_str())),
                  HasSubstr("packageManifest.machineSpecs." + key));
    }
  }
}

TEST(PackageEntry, WrongTypesAreRefused) {
  for (const std::size_t index : {kOnnx, kTorch, kServer, kJetson, kTorchScript}) {
    const Json whole = package(index);
    for (const auto& [key, value] : whole["packageManifest"].items()) {
      Json entry = whole;
      entry["packageManifest"][key] = 1.5;
      EXPECT_THAT(inconsistency(entry), HasSubstr("packageManifest." + key));
    }
    for (const auto& [key, value] : whole.items()) {
      Json entry = whole;
      entry[key] = 1.5;
      EXPECT_THAT(inconsistency(entry), HasSubstr(key));
    }
  }
  for (const Json& entry : {Json(), Json(3), Json::array(), Json("x")}) {
    EXPECT_THAT(inconsistency(entry), HasSubstr("an object"));
  }
}

TEST(PackageEntry, BatchRules) {
  EXPECT_THAT(inconsistency(with(kTorch, R"({"staticBatchSize": null})")), HasSubstr("neither"));
  EXPECT_THAT(inconsistency(with(kTorch, R"({"dynamicBatchSize": null, "staticBatchSize": null})")),
              HasSubstr("neither"));
  EXPECT_THAT(inconsistency(with(kTorch, R"({"dynamicBatchSize": true})")), HasSubstr("both"));
  for (const char* size : {"0", "-1", "\"0\"", "1e10", "true"}) {
    EXPECT_THAT(inconsistency(with(kTorch, (R"({"staticBatchSize": )" + std::string(size) + "}").c_str())),
                HasSubstr("staticBatchSize"));
  }
  for (const char* key : {"minBatchSize", "optBatchSize", "maxBatchSize"}) {
    EXPECT_THAT(inconsistency(with(kServer, ("{\"" + std::string(key) + "\": null}").c_str())),
                HasSubstr("does not say"));
  }
  EXPECT_THAT(inconsistency(with(kServer, R"({"minBatchSize": 9})")), HasSubstr("not in that order"));
  EXPECT_THAT(inconsistency(with(kServer, R"({"maxBatchSize": 7})")), HasSubstr("not in that order"));
}

TEST(PackageEntry, TheBackendMustBeThatOfTheManifest) {
  for (const std::size_t index : {kOnnx, kTorch, kServer, kTorchScript}) {
    EXPECT_THAT(inconsistency(with(index, R"({"backendType": "hf"})")), HasSubstr("backendType"));
  }
}

TEST(PackageEntry, TheMachineMustAgreeWithItsSpecs) {
  EXPECT_THAT(inconsistency(with(kServer, R"({"machineType": "jetson"})")), HasSubstr("machineSpecs.type"));
  EXPECT_THAT(inconsistency(with(kJetson, R"({"machineType": "gpu-server"})")), HasSubstr("machineSpecs.type"));
  EXPECT_THAT(message_of<ModelMetadataHandlerNotImplementedError>(
                  [] { (void)parse_entry(with(kServer, R"({"machineType": "quantum"})")); }),
              HasSubstr("\"quantum\""));
}

TEST(PackageEntry, VersionsMustBeVersions) {
  for (const auto& [index, change] :
       {std::pair(kServer, R"({"cudaVersion": "None"})"), std::pair(kServer, R"({"trtVersion": "10.x"})"),
        std::pair(kServer, R"({"cudaDeviceCC": "sm_75"})"),
        std::pair(kServer, R"({"machineSpecs": {"driverVersion": "None"}})"),
        std::pair(kJetson, R"({"machineSpecs": {"l4tVersion": "R36"}})"),
        std::pair(kTorchScript, R"({"torchVersion": ""})"),
        std::pair(kTorchScript, R"({"torchVisionVersion": "nightly"})")}) {
    EXPECT_THAT(inconsistency(with(index, change)), HasSubstr("a version")) << change;
  }
  const PackageMetadata package = parse_entry(with(kJetson, R"({"trtVersion": "10.3.0.30-1+cuda12.5"})"));
  EXPECT_EQ(std::get<TrtPackageDetails>(package.details).trt_version, "10.3.0.30-1+cuda12.5") << "as it was written";
}

TEST(PackageEntry, AnUnknownQuantizationOrKindOfPackageIsRefused) {
  EXPECT_THAT(
      message_of<UnknownQuantizationError>([] { (void)parse_entry(with(kOnnx, R"({"quantization": "fp8"})")); }),
      HasSubstr("\"fp8\""));
  EXPECT_THAT(message_of<ModelMetadataHandlerNotImplementedError>(
                  [] { (void)parse_entry(with(kOnnx, R"({"type": "new-model-package-v1"})")); }),
              HasSubstr("\"new-model-package-v1\""));
}

}  // namespace
}  // namespace inference_exp::packages
