#include "packages/package_manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/json.hpp"
#include "packages/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::corruption;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

PackageManifest parse(std::string_view text) { return parse_package_manifest(text, "model_config.json"); }

constexpr std::string_view kFull = R"({
  "offline_manifest_version": 4, "model_id": "my-alias", "canonical_model_id": "coco/36",
  "model_architecture": "rfdetr", "task_type": "object-detection", "backend_type": "trt",
  "model_features": {"nms_fused": {"max_detections": 300}}, "trusted_source": true,
  "model_dependencies": [{"name": "feature_extractor", "model_id": "some/backbone", "model_package_id": null},
                         {"name": "tracker", "model_id": "other/3", "model_package_id": "0a1b"}],
  "recommended_parameters": {"confidence": 0.37, "per_class_confidence": {"person": 0.41}},
  "quantization": "fp16", "dynamic_batch_size_supported": false, "static_batch_size": 2,
  "package_artifacts": [
    {"file_handle": "engine.plan", "md5_hash": "d41d8cd98f00b204e9800998ecf8427e", "unhashed": false,
     "sha256_hash": null, "source_hash": "0cc1", "storage": "shared_blob"},
    {"file_handle": "notes.txt", "md5_hash": null, "unhashed": true, "sha256_hash": "e3b0", "source_hash": null,
     "storage": "package_file"}],
  "dependency_package_paths": {"feature_extractor": "models-cache/x/0a1b"},
  "license": "Apache-2.0"})";

TEST(PackageManifest, EveryKeyIsRead) {
  const PackageManifest manifest = parse(kFull);
  EXPECT_EQ(manifest.offline_manifest_version, 4);
  EXPECT_EQ(manifest.model_id, "my-alias");
  EXPECT_EQ(manifest.canonical_model_id, "coco/36");
  EXPECT_EQ(manifest.model_architecture, "rfdetr");
  EXPECT_EQ(manifest.task_type, "object-detection");
  EXPECT_EQ(manifest.backend_type, "trt");
  EXPECT_EQ(manifest.model_features.at("nms_fused"), R"({"max_detections":300})");
  EXPECT_EQ(manifest.trusted_source, true);
  ASSERT_EQ(manifest.model_dependencies.size(), 2U);
  EXPECT_EQ(manifest.model_dependencies[0].name, "feature_extractor");
  EXPECT_FALSE(manifest.model_dependencies[0].package_id);
  EXPECT_EQ(manifest.model_dependencies[1].model_id, "other/3");
  EXPECT_EQ(manifest.model_dependencies[1].package_id, "0a1b");
  ASSERT_TRUE(manifest.recommended_parameters);
  EXPECT_EQ(manifest.recommended_parameters->confidence, 0.37);
  EXPECT_EQ(manifest.recommended_parameters->per_class_confidence.at("person"), 0.41);
  EXPECT_EQ(manifest.quantization, Quantization::fp16);
  EXPECT_EQ(manifest.dynamic_batch_size_supported, false);
  EXPECT_EQ(manifest.static_batch_size, 2);
  EXPECT_THAT(manifest.package_artifacts,
              ElementsAre(PackageArtifact{.file_handle = "engine.plan",
                                          .md5_hash = "d41d8cd98f00b204e9800998ecf8427e",
                                          .unhashed = false,
                                          .sha256_hash = {},
                                          .source_hash = "0cc1",
                                          .storage = PackageArtifact::Storage::shared_blob},
                          PackageArtifact{.file_handle = "notes.txt",
                                          .md5_hash = {},
                                          .unhashed = true,
                                          .sha256_hash = "e3b0",
                                          .source_hash = {},
                                          .storage = PackageArtifact::Storage::package_file}));
  EXPECT_EQ(manifest.dependency_package_paths.at("feature_extractor"), "models-cache/x/0a1b");
  EXPECT_EQ(manifest.license, "Apache-2.0");
}

TEST(PackageManifest, WhatIsWrittenIsReadBack) {
  const std::string text = to_json_text(parse(kFull));
  EXPECT_EQ(parse(text), parse(kFull));
  EXPECT_EQ(to_json_text(parse(text)), text);
  EXPECT_EQ(Json::parse(text), Json::parse(kFull));
  EXPECT_THAT(text, EndsWith("}\n"));
}

TEST(PackageManifest, EqualityIsAboutTheFile) {
  PackageManifest other = parse(kFull);
  std::reverse(other.package_artifacts.begin(), other.package_artifacts.end());
  EXPECT_EQ(other, parse(kFull));
  other.package_artifacts[0].md5_hash = "9e107d9d372bb6826bd81d3542a419d6";
  EXPECT_NE(other, parse(kFull));
}

TEST(PackageManifest, EveryKeyMayBeLeftOutOrNull) {
  const PackageManifest empty = parse("{}");
  EXPECT_FALSE(empty.offline_manifest_version);
  EXPECT_FALSE(empty.quantization);
  EXPECT_TRUE(empty.package_artifacts.empty());
  Json nulls = Json::parse(kFull);
  for (Json& value : nulls) value = nullptr;
  EXPECT_EQ(parse(nulls.dump()), empty);
}

TEST(PackageManifest, AnEmptyOneHasTheFifteenKeysOfTheFormat) {
  const Json document = Json::parse(to_json_text(PackageManifest{}));
  std::vector<std::string> keys;
  for (const auto& [key, value] : document.items()) keys.push_back(key);
  EXPECT_THAT(keys,
              ElementsAre("backend_type", "canonical_model_id", "dependency_package_paths",
                          "dynamic_batch_size_supported", "model_architecture", "model_dependencies", "model_features",
                          "model_id", "offline_manifest_version", "package_artifacts", "quantization",
                          "recommended_parameters", "static_batch_size", "task_type", "trusted_source"));
  EXPECT_EQ(parse(document.dump()), PackageManifest{});
}

TEST(PackageManifest, ArtefactsAreSortedByHandleWithoutRegardToCase) {
  PackageManifest manifest;
  for (const char* handle : {"b.txt", "C.txt", "a/2", "A.txt", "a.txt", "A/1"}) {
    manifest.package_artifacts.push_back({.file_handle = handle});
  }
  std::vector<std::string> handles;
  const PackageManifest read = parse(to_json_text(manifest));
  for (const PackageArtifact& artifact : read.package_artifacts) handles.push_back(artifact.file_handle);
  EXPECT_THAT(handles, ElementsAre("A.txt", "a.txt", "A/1", "a/2", "b.txt", "C.txt"));
}

TEST(PackageManifest, OlderReadersFindTheirKeys) {
  const ModelConfig config = parse_model_config(to_json_text(parse(kFull)), "model_config.json");
  EXPECT_EQ(config.model_architecture, "rfdetr");
  EXPECT_EQ(config.task_type, "object-detection");
  EXPECT_EQ(config.backend_type, "trt");
  EXPECT_EQ(config.model_id, "my-alias");
}

TEST(PackageManifest, OfAnOlderLoaderIsRead) {
  const PackageManifest manifest =
      parse(R"({"model_architecture": "yolov8", "task_type": "object-detection", "backend_type": "onnx"})");
  EXPECT_EQ(manifest.backend_type, "onnx");
  EXPECT_FALSE(manifest.offline_manifest_version);
}

TEST(PackageManifest, UnknownKeysAreIgnored) {
  EXPECT_EQ(parse(R"({"model_id": "a", "written_by": {"x": [1]}})").model_id, "a");
}

TEST(PackageManifest, WrongTypesAreRefusedNamingFileAndKey) {
  const Json full = Json::parse(kFull);
  for (const auto& [key, value] : full.items()) {
    const Json wrong_structure = value.is_array() ? Json::object() : Json::array();
    for (const Json& wrong : {Json(1.5), wrong_structure}) {
      Json document = full;
      document[key] = wrong;
      EXPECT_THAT(corruption([&] { (void)parse(document.dump()); }),
                  AllOf(HasSubstr("model_config.json"), HasSubstr(key)))
          << key << ": " << wrong;
    }
  }
}

TEST(PackageManifest, UnknownWordsAreRefused) {
  EXPECT_THAT(corruption([] { (void)parse(R"({"quantization": "fp8"})"); }),
              AllOf(HasSubstr("quantization"), HasSubstr("\"fp16\""), HasSubstr("\"fp8\"")));
  EXPECT_THAT(corruption([] { (void)parse(R"({"backend_type": "tensorflow"})"); }), HasSubstr("backend_type"));
}

TEST(PackageManifest, WrongTypesInsideArtefactsAndDependenciesAreRefused) {
  for (const char* list : {"package_artifacts", "model_dependencies"}) {
    const Json full = Json::parse(kFull);
    for (const auto& [key, value] : full[list][0].items()) {
      Json document = full;
      document[list][0][key] = Json::array();
      EXPECT_THAT(corruption([&] { (void)parse(document.dump()); }), HasSubstr(std::string(list) + "[0]." + key));
    }
  }
  EXPECT_THAT(corruption([] { (void)parse(R"({"package_artifacts": [{}]})"); }), HasSubstr("file_handle is missing"));
  EXPECT_THAT(corruption([] { (void)parse(R"({"package_artifacts": [{"file_handle": "a", "storage": "cloud"}]})"); }),
              AllOf(HasSubstr("package_artifacts[0].storage"), HasSubstr("\"shared_blob\""), HasSubstr("\"cloud\"")));
}

TEST(PackageManifest, NumbersStayInTheirRanges) {
  for (const char* text : {R"({"static_batch_size": 0})", R"({"offline_manifest_version": -4})",
                           R"({"recommended_parameters": {"confidence": 1.5}})",
                           R"({"recommended_parameters": {"per_class_confidence": {"cat": -1}}})"}) {
    EXPECT_THAT(corruption([&] { (void)parse(text); }), HasSubstr("model_config.json")) << text;
  }
}

TEST(PackageManifest, OtherDocumentsAreRefused) {
  for (const char* text : {"", "{", "[]", "null", "\"x\"", R"({"model_id": "a", "model_id": "b"})"}) {
    EXPECT_THAT(corruption([&] { (void)parse(text); }), HasSubstr("model_config.json")) << text;
  }
}

TEST(PackageManifest, IsMadeFromWhatTheProviderSays) {
  ModelMetadata model;
  model.model_id = "coco/36";
  model.architecture = "yolov8";
  model.task = "object-detection";
  model.dependencies = {{.name = "extractor", .model_id = "some/backbone", .package_id = {}}};
  model.recommended = RecommendedParameters{.confidence = 0.4, .per_class_confidence = {}};
  PackageMetadata package;
  package.id = "0a1b";
  package.backend = "onnx";
  package.quantization = Quantization::fp32;
  package.batch.dynamic = true;
  package.trusted = true;
  package.features = {{"nms_fused", "{}"}};

  const PackageManifest manifest = manifest_of(model, package, {{.file_handle = "weights.onnx"}});
  EXPECT_EQ(manifest.offline_manifest_version, kOfflineManifestVersion);
  EXPECT_EQ(manifest.model_id, "coco/36");
  EXPECT_EQ(manifest.canonical_model_id, "coco/36");
  EXPECT_EQ(manifest.model_architecture, "yolov8");
  EXPECT_EQ(manifest.task_type, "object-detection");
  EXPECT_EQ(manifest.backend_type, "onnx");
  EXPECT_EQ(manifest.model_features, package.features);
  EXPECT_EQ(manifest.trusted_source, true);
  EXPECT_EQ(manifest.model_dependencies.at(0).model_id, "some/backbone");
  EXPECT_EQ(manifest.quantization, Quantization::fp32);
  EXPECT_EQ(manifest.dynamic_batch_size_supported, true);
  EXPECT_FALSE(manifest.static_batch_size);
  EXPECT_EQ(manifest.package_artifacts.at(0).file_handle, "weights.onnx");
  EXPECT_FALSE(manifest.license);
  EXPECT_EQ(manifest.recommended_parameters->confidence, 0.4);
  EXPECT_EQ(parse(to_json_text(manifest)), manifest);

  package.recommended = RecommendedParameters{.confidence = 0.6, .per_class_confidence = {}};
  EXPECT_EQ(manifest_of(model, package, {}).recommended_parameters->confidence, 0.6) << "the package's own come first";
}

TEST(PackageManifest, AFeatureThatIsNotJsonIsRefused) {
  PackageManifest manifest;
  manifest.model_features = {{"nms_fused", "{"}};
  EXPECT_THAT(corruption([&] { (void)to_json_text(manifest); }), HasSubstr("nms_fused"));
}

TEST(PackageManifest, TextThatIsNotUtf8StillGivesAFile) {
  PackageManifest manifest;
  manifest.license = "\xFF";
  EXPECT_TRUE(parse(to_json_text(manifest)).license);
}

}  // namespace
}  // namespace inference_exp::packages
