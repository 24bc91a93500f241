// What a weights provider answers: one page with every kind of key that the format has.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/json.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::testing {

/// The packages of the answer.
inline constexpr std::size_t kOnnx = 0;
inline constexpr std::size_t kTorch = 1;
inline constexpr std::size_t kServer = 2;
inline constexpr std::size_t kJetson = 3;
inline constexpr std::size_t kTorchScript = 4;

inline constexpr std::string_view kAnswer = R"({
  "status": "ok",
  "modelMetadata": {
    "type": "external-model-metadata-v1", "modelId": "coco/36", "modelArchitecture": "rfdetr",
    "modelVariant": "rfdetr-base", "taskType": "object-detection",
    "modelDependencies": [{"type": "model-dependency-v1", "name": "feature_extractor", "modelId": "some/backbone",
                           "modelPackageId": null}],
    "recommendedParameters": {"confidence": 0.37, "perClassConfidence": {"person": 0.41}},
    "nextPage": null,
    "modelPackages": [
      {"type": "external-model-package-v1", "packageId": "0a1b", "trustedSource": true,
       "modelFeatures": {"nms_fused": {"max_detections": 300, "class_agnostic": false}},
       "recommendedParameters": {"confidence": 0.5, "perClassConfidence": null},
       "packageManifest": {
         "type": "onnx-model-package-v1", "backendType": "onnx", "dynamicBatchSize": true, "staticBatchSize": null,
         "quantization": "fp32", "opset": 19, "incompatibleProviders": ["CoreMLExecutionProvider"]},
       "packageFiles": [
         {"fileHandle": "weights.onnx", "downloadUrl": "https://cdn.example.test/w?sig=abc",
          "md5Hash": "9e107d9d372bb6826bd81d3542a419d6"},
         {"fileHandle": "inference_config.json", "downloadUrl": "https://cdn.example.test/i", "md5Hash": null}]},
      {"type": "external-model-package-v1", "packageId": "1111", "trustedSource": true, "modelFeatures": null,
       "recommendedParameters": null,
       "packageManifest": {
         "type": "torch-model-package-v1", "backendType": "torch", "dynamicBatchSize": false, "staticBatchSize": 4,
         "quantization": "bf16"},
       "packageFiles": []},
      {"type": "external-model-package-v1", "packageId": "2222", "trustedSource": true, "modelFeatures": null,
       "recommendedParameters": null,
       "packageManifest": {
         "type": "trt-model-package-v1", "backendType": "trt", "dynamicBatchSize": true, "staticBatchSize": null,
         "minBatchSize": 1, "optBatchSize": 8, "maxBatchSize": 16, "quantization": "fp16",
         "cudaDeviceType": "tesla-t4", "cudaDeviceCC": "7.5", "cudaVersion": "12.8", "trtVersion": "10.12.0.36",
         "sameCCCompatible": true, "trtForwardCompatible": false, "trtLeanRuntimeExcluded": true,
         "machineType": "gpu-server",
         "machineSpecs": {"type": "gpu-server-specs-v1", "driverVersion": "570.86.15", "osVersion": "ubuntu-22.04"}},
       "packageFiles": []},
      {"type": "external-model-package-v1", "packageId": "3333", "trustedSource": false, "modelFeatures": null,
       "recommendedParameters": null,
       "packageManifest": {
         "type": "trt-model-package-v1", "backendType": "trt", "dynamicBatchSize": false, "staticBatchSize": 1,
         "minBatchSize": null, "optBatchSize": null, "maxBatchSize": null, "quantization": "int8",
         "cudaDeviceType": "orin", "cudaDeviceCC": "8.7", "cudaVersion": "12.6", "trtVersion": "10.3.0.30.post1",
         "sameCCCompatible": false, "trtForwardCompatible": true, "trtLeanRuntimeExcluded": false,
         "machineType": "jetson",
         "machineSpecs": {"type": "jetson-machine-specs-v1", "driverVersion": "540.4.0", "l4tVersion": "36.4.0",
                          "deviceName": "nvidia-jetson-orin-nx"}},
       "packageFiles": []},
      {"type": "external-model-package-v1", "packageId": "4444", "trustedSource": false, "modelFeatures": null,
       "recommendedParameters": null,
       "packageManifest": {
         "type": "torch-script-model-package-v1", "backendType": "torch-script", "dynamicBatchSize": true,
         "staticBatchSize": null, "quantization": "unknown", "supportedDeviceTypes": ["cpu", "cuda"],
         "torchVersion": "2.6.0+cu124", "torchVisionVersion": "0.21.0"},
       "packageFiles": []}
    ]
  }
})";

/// The answer as a document that a test can spoil.
inline Json answer() { return Json::parse(kAnswer); }
/// One of its packages.
inline Json package(std::size_t index) { return answer()["modelMetadata"]["modelPackages"][index]; }

/// A package whose manifest is changed: a null value takes the key away.
inline Json with(std::size_t index, const char* manifest_changes) {
  Json entry = package(index);
  entry["packageManifest"].merge_patch(Json::parse(manifest_changes));
  return entry;
}

/// The message of the `Expected` that `action` throws.
template <typename Expected, typename Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Expected& error) {
    EXPECT_FALSE(error.hint().empty()) << "an error must say what to do: " << error.message();
    return error.message();
  }
  ADD_FAILURE() << "expected another error";
  return {};
}

}  // namespace inference_exp::testing
