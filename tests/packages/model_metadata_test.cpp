#include "packages/model_metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "packages/provider_answers.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::answer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAnswer;
using testing::kOnnx;
using testing::message_of;
using ::testing::Not;
using testing::package;
using testing::with;

MetadataPage parse(std::string_view body) { return parse_metadata_page(body, "provider.test"); }

std::string retrieval_error(std::string_view body) {
  return message_of<ModelRetrievalError>([&] { (void)parse(body); });
}

class HeardLog {
 public:
  HeardLog() {
    set_log_callback([this](LogLevel level, std::string_view text) {
      (level == LogLevel::warning ? warnings : others).emplace_back(text);
    });
  }
  HeardLog(const HeardLog&) = delete;
  HeardLog& operator=(const HeardLog&) = delete;
  ~HeardLog() { set_log_callback({}); }
  std::vector<std::string> warnings, others;
};

TEST(ModelMetadata, SaysWhatTheModelIs) {
  const MetadataPage page = parse(kAnswer);
  EXPECT_EQ(page.model.model_id, "coco/36");
  EXPECT_EQ(page.model.architecture, "rfdetr");
  EXPECT_EQ(page.model.variant, "rfdetr-base");
  EXPECT_EQ(page.model.task, "object-detection");
  ASSERT_EQ(page.model.dependencies.size(), 1U);
  EXPECT_EQ(page.model.dependencies[0].name, "feature_extractor");
  EXPECT_EQ(page.model.dependencies[0].model_id, "some/backbone");
  EXPECT_FALSE(page.model.dependencies[0].package_id);
  ASSERT_TRUE(page.model.recommended);
  EXPECT_EQ(page.model.recommended->confidence, 0.37);
  EXPECT_EQ(page.model.recommended->per_class_confidence.at("person"), 0.41);
  EXPECT_EQ(page.model.packages.size(), 5U);
  EXPECT_THAT(page.model.skipped, IsEmpty());
  EXPECT_FALSE(page.next_page);
}

TEST(ModelMetadata, OfAnOlderProviderHasFewerKeys) {
  const MetadataPage page = parse(R"({"modelMetadata": {"type": "external-model-metadata-v1", "modelId": "coco/3",
                                      "modelArchitecture": "yolov8", "nextPage": "p2", "modelPackages": []}})");
  EXPECT_EQ(page.next_page, "p2");
  EXPECT_EQ(page.model.variant, "");
  EXPECT_EQ(page.model.task, "");
  EXPECT_THAT(page.model.dependencies, IsEmpty());
  EXPECT_FALSE(page.model.recommended);
  EXPECT_THAT(page.model.packages, IsEmpty());
}

TEST(ModelMetadata, PackagesThatMakeNoSenseAreSkippedAndSaid) {
  Json document = answer();
  Json& list = document["modelMetadata"]["modelPackages"];
  list.push_back(with(kOnnx, R"({"opset": null})"));
  list.push_back(with(kOnnx, R"({"type": "new-model-package-v1"})"));
  list.push_back(with(kOnnx, R"({"quantization": "fp8"})"));
  list.push_back(Json::parse(R"({"type": "external-model-package-v9", "packageId": "9999"})"));
  list.push_back("not an object");

  const HeardLog log;
  const ModelMetadata model = parse(document.dump()).model;
  EXPECT_EQ(model.packages.size(), 5U) << "the others are still there";
  ASSERT_EQ(model.skipped.size(), 5U);
  EXPECT_EQ(model.skipped[0].id, "0a1b");
  EXPECT_EQ(model.skipped[0].kind, "onnx-model-package-v1");
  EXPECT_THAT(model.skipped[0].reason, HasSubstr("packageManifest.opset"));
  EXPECT_EQ(model.skipped[1].kind, "new-model-package-v1");
  EXPECT_THAT(model.skipped[2].reason, HasSubstr("\"fp8\""));
  EXPECT_EQ(model.skipped[3].id, "9999");
  EXPECT_EQ(model.skipped[3].kind, "");
  EXPECT_THAT(model.skipped[3].reason, HasSubstr("\"external-model-package-v9\""));
  EXPECT_EQ(model.skipped[4].id, "");
  ASSERT_EQ(log.warnings.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_THAT(log.warnings[i], HasSubstr(model.skipped[i].reason));
}

TEST(ModelMetadata, PackagesForOtherRuntimesArePassedOverQuietly) {
  Json document = answer();
  Json& list = document["modelMetadata"]["modelPackages"];
  list = Json::array(
      {with(kOnnx, R"({"type": "oak-model-package-v1"})"), with(kOnnx, R"({"type": "tfjs-model-package-v1"})")});
  const HeardLog log;
  const ModelMetadata model = parse(document.dump()).model;
  EXPECT_THAT(model.packages, IsEmpty());
  EXPECT_THAT(model.skipped, IsEmpty());
  EXPECT_THAT(log.warnings, IsEmpty());
  EXPECT_EQ(log.others.size(), 2U);
}

TEST(ModelMetadata, AnErrorObjectIsAnError) {
  EXPECT_THAT(retrieval_error(R"({"error": "no such endpoint"})"),
              AllOf(HasSubstr("provider.test"), HasSubstr("no such endpoint")));
  EXPECT_THAT(retrieval_error(R"({"error": {"message": "gone", "code": 3}})"), HasSubstr("gone"));
  for (const char* body : {R"({"error": null})", R"({"error": []})", R"({"error": {}})"}) {
    EXPECT_THAT(retrieval_error(body), HasSubstr("provider.test answered with an error."));
  }
  EXPECT_LT(retrieval_error("{\"error\": \"" + std::string(100'000, 'x') + "\"}").size(), 300U);
}

TEST(ModelMetadata, OtherAnswersAreRefusedNamingTheSource) {
  for (const char* body : {"", "<html>", "[]", "null", "{}", R"({"modelMetadata": null})", R"({"modelMetadata": []})",
                           R"({"modelMetadata": {}, "error": "x"})", R"({"modelMetadata": 1, "modelMetadata": 2})"}) {
    EXPECT_THAT(retrieval_error(body), HasSubstr("provider.test")) << body;
  }
  for (const char* key : {"type", "modelId", "modelArchitecture", "modelPackages"}) {
    Json document = answer();
    document["modelMetadata"].erase(key);
    EXPECT_THAT(retrieval_error(document.dump()), HasSubstr("modelMetadata." + std::string(key) + " is missing"));
  }
}

TEST(ModelMetadata, WrongTypesAroundThePackagesAreRefused) {
  const Json whole = answer();
  for (const auto& [key, value] : whole["modelMetadata"].items()) {
    Json document = whole;
    document["modelMetadata"][key] = 1.5;
    EXPECT_THAT(retrieval_error(document.dump()), HasSubstr("modelMetadata." + key));
  }
  Json document = whole;
  document["modelMetadata"]["type"] = "external-model-metadata-v2";
  EXPECT_THAT(retrieval_error(document.dump()), HasSubstr("\"external-model-metadata-v1\""));
  document = whole;
  document["modelMetadata"]["modelDependencies"][0]["type"] = "other";
  EXPECT_THAT(retrieval_error(document.dump()), HasSubstr("modelDependencies[0].type"));
}

TEST(ModelMetadata, DeepDocumentsAreRefused) {
  EXPECT_THAT(retrieval_error(std::string(100'000, '[')), HasSubstr("nests deeper"));
}

TEST(ModelMetadata, NoMessageHoldsADownloadAddress) {
  Json document = answer();
  document["modelMetadata"]["modelPackages"] = Json::array({with(kOnnx, R"({"opset": null})")});
  for (const Json& wrong : {Json(3), Json::array({"https://cdn.example.test/w?sig=abc"})}) {
    Json entry = package(kOnnx);
    entry["packageFiles"][0]["downloadUrl"] = wrong;
    document["modelMetadata"]["modelPackages"].push_back(entry);
  }
  const ModelMetadata model = parse(document.dump()).model;
  ASSERT_EQ(model.skipped.size(), 3U);
  for (const SkippedPackage& skipped : model.skipped) EXPECT_THAT(skipped.reason, Not(HasSubstr("sig=")));
}

}  // namespace
}  // namespace inference_exp::packages
