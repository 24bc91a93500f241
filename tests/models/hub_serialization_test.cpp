#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "inference_exp/serialization.hpp"

namespace inference_exp {
namespace {

using nlohmann::json;

PackageMetadata onnx_package() {
  PackageMetadata package;
  package.id = "aa";
  package.backend = "onnx";
  package.quantization = Quantization::fp32;
  package.batch.dynamic = true;
  package.trusted = true;
  package.details = OnnxPackageDetails{19, {"CoreMLExecutionProvider"}};
  package.files = {{"weights.onnx", "https://files.example.test/w?sig=secret", "9e107d9d372bb6826bd81d3542a419d6"},
                   {"class_names.txt", "https://files.example.test/c?sig=secret", std::nullopt}};
  return package;
}

PackageMetadata trt_package() {
  PackageMetadata package;
  package.id = "bb";
  package.backend = "trt";
  package.batch.static_size = 4;
  TrtPackageDetails details;
  details.trt_version = "10.12.0.36";
  details.machine = TrtPackageDetails::Machine::jetson;
  package.details = details;
  return package;
}

ModelMetadata model() {
  ModelMetadata metadata;
  metadata.model_id = "coco/3";
  metadata.architecture = "yolov8";
  metadata.variant = "yolov8n";
  metadata.task = "object-detection";
  metadata.packages = {onnx_package(), trt_package()};
  metadata.skipped = {{"cc", "oak-model-package-v1", "Not for this library."}};
  return metadata;
}

TEST(HubSerialization, WritesAPackageInTheDocumentedOrderAndWithoutAddresses) {
  EXPECT_EQ(to_json(onnx_package()),
            R"({"package_id":"aa","backend":"onnx","quantization":"fp32","trusted":true,)"
            R"("batch":{"dynamic":true,"static_size":null,"min":null,"opt":null,"max":null},)"
            R"("details":{"kind":"onnx","opset":19,"incompatible_providers":["CoreMLExecutionProvider"]},)"
            R"("files":[{"handle":"weights.onnx","md5":"9e107d9d372bb6826bd81d3542a419d6"},)"
            R"({"handle":"class_names.txt","md5":null}],"features":{},"recommended":null})");
}

TEST(HubSerialization, NamesTheKindOfDetails) {
  PackageMetadata package = trt_package();
  json details = json::parse(to_json(package)).at("details");
  EXPECT_EQ(details.at("kind"), "trt");
  EXPECT_EQ(details.at("machine"), "jetson");
  EXPECT_EQ(details.at("trt_version"), "10.12.0.36");

  package.details = TorchScriptPackageDetails{{"cpu", "cuda"}, "2.6.0", std::nullopt};
  details = json::parse(to_json(package)).at("details");
  EXPECT_EQ(details, json::parse(R"({"kind": "torch-script", "device_types": ["cpu", "cuda"],
                                     "torch_version": "2.6.0", "torchvision_version": null})"));

  package.details = std::monostate{};
  EXPECT_TRUE(json::parse(to_json(package)).at("details").is_null());
}

TEST(HubSerialization, FeaturesAreJsonWhereTheyCanBe) {
  PackageMetadata package = onnx_package();
  package.features = {{"nms_fused", R"({"max_detections": 300})"}, {"remark", "not {json"}};
  const json features = json::parse(to_json(package)).at("features");
  EXPECT_EQ(features.at("nms_fused").at("max_detections"), 300);
  EXPECT_EQ(features.at("remark"), "not {json");
}

TEST(HubSerialization, AFeatureThatNestsWithoutEndStaysText) {
  PackageMetadata package = onnx_package();
  package.features = {{"deep", std::string(100'000, '[')}};
  EXPECT_TRUE(json::parse(to_json(package)).at("features").at("deep").is_string());
}

TEST(HubSerialization, WritesAModelWithWhatItRecommendsAndNeeds) {
  ModelMetadata metadata = model();
  metadata.recommended = RecommendedParameters{0.5, {{"person", 0.25}}};
  metadata.dependencies = {{"backbone", "some/backbone", std::nullopt}};
  const json written = json::parse(to_json(metadata));
  EXPECT_EQ(written.at("model_id"), "coco/3");
  EXPECT_EQ(written.at("recommended"), json::parse(R"({"confidence": 0.5, "per_class_confidence": {"person": 0.25}})"));
  EXPECT_EQ(written.at("dependencies"),
            json::parse(R"([{"name": "backbone", "model_id": "some/backbone", "package_id": null}])"));
  EXPECT_EQ(written.at("packages").size(), 2U);
  EXPECT_EQ(written.at("skipped"), json::parse(R"([{"package_id": "cc", "kind": "oak-model-package-v1",
                                                    "reason": "Not for this library."}])"));
}

TEST(HubSerialization, SaysWhichSizesAreKnown) {
  DescribedModel described{model(), "yolov8n-640", "roboflow", {{"aa", 1000}}, {"aa"}, "AGPL-3.0"};
  json packages = json::parse(to_json(described)).at("model").at("packages");
  EXPECT_EQ(packages[0].at("bytes"), 1000);
  EXPECT_EQ(packages[0].at("bytes_complete"), false);
  EXPECT_TRUE(packages[1].at("bytes").is_null());
  EXPECT_EQ(packages[1].at("bytes_complete"), false);

  described.incomplete_sizes.clear();
  const json written = json::parse(to_json(described));
  EXPECT_EQ(written.at("model").at("packages")[0].at("bytes_complete"), true);
  EXPECT_EQ(written.at("requested_model"), "yolov8n-640");
  EXPECT_EQ(written.at("weights_provider"), "roboflow");
  EXPECT_EQ(written.at("license"), "AGPL-3.0");
}

TEST(HubSerialization, WritesADecisionWithItsReasons) {
  Decision decision;
  decision.requested_model = "yolov8n-640";
  decision.model = model();
  decision.ranked = {{onnx_package(), {{"backend", 2, "onnx"}}}};
  decision.rejections = {{"bb", NegotiationStage::trust, "untrusted", {{"needed", "trust"}}}};
  decision.ranking = "trt-torch-onnx";
  decision.filters = "any batch size";
  EXPECT_EQ(json::parse(to_json(decision)), json::parse(R"({
    "requested_model": "yolov8n-640",
    "model": {"model_id": "coco/3", "architecture": "yolov8", "variant": "yolov8n", "task": "object-detection",
              "package_count": 2},
    "ranking": "trt-torch-onnx", "filters": "any batch size",
    "ranked": [{"package_id": "aa", "backend": "onnx", "quantization": "fp32",
                "keys": [{"name": "backend", "value": 2.0, "text": "onnx"}]}],
    "rejections": [{"package_id": "bb", "stage": "trust", "reason": "untrusted", "details": {"needed": "trust"}}],
    "skipped": [{"package_id": "cc", "kind": "oak-model-package-v1", "reason": "Not for this library."}]})"));
}

TEST(HubSerialization, WritesWhatLiesInTheCache) {
  EXPECT_EQ(to_json(PulledModel{"coco/3", "aa", "/cache/aa", 12}),
            R"({"model_id":"coco/3","package_id":"aa","folder":"/cache/aa","bytes":12})");
  EXPECT_EQ(to_json(PrunedCache{7, {"/cache/x", "/cache/y"}}), R"({"bytes":7,"removed":["/cache/x","/cache/y"]})");

  const std::vector<CachedPackage> cached = {
      {"coco/3", "aa", "/cache/aa", "yolov8", "object-detection", "onnx", "AGPL-3.0", 12, true}};
  EXPECT_EQ(to_json(std::span<const CachedPackage>(cached)),
            R"([{"model_id":"coco/3","package_id":"aa","folder":"/cache/aa","architecture":"yolov8",)"
            R"("task":"object-detection","backend":"onnx","license":"AGPL-3.0","bytes":12,"complete":true}])");

  const std::vector<VerifiedPackage> verified = {
      {"coco/3", "aa", CacheStatus::incomplete, {{"weights.onnx", CacheStatus::hash_mismatch}}}};
  EXPECT_EQ(to_json(std::span<const VerifiedPackage>(verified)),
            R"([{"model_id":"coco/3","package_id":"aa","status":"incomplete",)"
            R"("files":[{"handle":"weights.onnx","status":"hash-mismatch"}]}])");

  const OfflineModel offline{"coco/3", {"yolov8n-640"}, "yolov8", "object-detection", "2026-01-01T00:00:00Z", {}};
  EXPECT_EQ(to_json(offline),
            R"({"model_id":"coco/3","aliases":["yolov8n-640"],"architecture":"yolov8","task":"object-detection",)"
            R"("recorded_at":"2026-01-01T00:00:00Z","packages":[]})");
}

TEST(HubSerialization, WritesListsAlsoWhenTheyAreEmpty) {
  EXPECT_EQ(to_json(std::span<const OfflineModel>()), "[]");
  EXPECT_EQ(to_json(std::span<const CachedPackage>()), "[]");
  EXPECT_EQ(to_json(PrunedCache{}), R"({"bytes":0,"removed":[]})");
  const std::vector<RegisteredModel> models = {
      {"yolov8n-640", "yolov8", "object-detection", "AGPL-3.0", true},
      {"yolov8s-640", "yolov8", "object-detection", "AGPL-3.0", false},
  };
  EXPECT_EQ(to_json(std::span<const RegisteredModel>(models)),
            R"([{"id":"yolov8n-640","architecture":"yolov8","task":"object-detection","license":"AGPL-3.0",)"
            R"("open":true},{"id":"yolov8s-640","architecture":"yolov8","task":"object-detection",)"
            R"("license":"AGPL-3.0","open":false}])");
}

TEST(HubSerialization, StaysJsonWhateverAProviderSays) {
  ModelMetadata metadata = model();
  metadata.variant = "a\xff\n\"";
  metadata.recommended = RecommendedParameters{std::numeric_limits<double>::quiet_NaN(), {}};
  const json written = json::parse(to_json(metadata));
  EXPECT_EQ(written.at("variant"), "a\xef\xbf\xbd\n\"");
  EXPECT_TRUE(written.at("recommended").at("confidence").is_null());
}

}  // namespace
}  // namespace inference_exp
