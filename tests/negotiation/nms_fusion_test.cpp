// Packages whose network does non-maximum suppression itself.
#include <gmock/gmock.h>

#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kUsual =
    R"({"max_detections": 300, "confidence_threshold": 0.25, "iou_threshold": 0.7, "class_agnostic": false})";

PackageMetadata fused(std::string feature = kUsual, std::string id = "a") {
  PackageMetadata package = onnx_package(std::move(id));
  package.features.emplace("nms_fused", std::move(feature));
  return package;
}

LoadOptions preferring(NmsFusionPreferences preferences) {
  LoadOptions options;
  options.nms_fusion_preferences = std::move(preferences);
  return options;
}

std::string reason(std::string feature, NmsFusionPreferences preferences = NmsFusionPreferences::usual()) {
  const Rejection rejection = rejection_of(fused(std::move(feature)), preferring(std::move(preferences)));
  EXPECT_EQ(rejection.stage, NegotiationStage::nms_fusion);
  return rejection.reason;
}

TEST(NmsFusion, IsNotWantedUnlessAskedFor) {
  const Rejection rejection = rejection_of(fused());
  EXPECT_EQ(rejection.stage, NegotiationStage::nms_fusion);
  EXPECT_THAT(rejection.reason, HasSubstr("not asked for"));
  EXPECT_EQ(rejection.details.at("option"), "nms_fusion_preferences");
}

TEST(NmsFusion, TheUsualPreferencesTakeTheUsualValuesOnly) {
  EXPECT_TRUE(runs(fused(), preferring(NmsFusionPreferences::usual())));
  EXPECT_THAT(
      reason(R"({"max_detections": 100, "confidence_threshold": 0.25, "iou_threshold": 0.7, "class_agnostic": false})"),
      HasSubstr("max_detections"));
  EXPECT_THAT(
      reason(R"({"max_detections": 300, "confidence_threshold": 0.3, "iou_threshold": 0.7, "class_agnostic": false})"),
      HasSubstr("confidence_threshold"));
  EXPECT_THAT(
      reason(R"({"max_detections": 300, "confidence_threshold": 0.25, "iou_threshold": 0.5, "class_agnostic": false})"),
      HasSubstr("iou_threshold"));
  EXPECT_THAT(
      reason(R"({"max_detections": 300, "confidence_threshold": 0.25, "iou_threshold": 0.7, "class_agnostic": true})"),
      HasSubstr("class_agnostic"));
}

TEST(NmsFusion, UnsetPreferencesMatchAnything) {
  EXPECT_TRUE(runs(fused("{}"), preferring({})));
  EXPECT_TRUE(runs(fused(R"({"iou_threshold": 0.1, "other": [1]})"), preferring({})));
}

TEST(NmsFusion, ARangeIsClosedAtBothEnds) {
  NmsFusionPreferences preferences;
  preferences.confidence_threshold = NumberRange{.low = 0.2, .high = 0.3};
  for (const char* inside : {"0.2", "0.25", "0.3"}) {
    EXPECT_TRUE(runs(fused(R"({"confidence_threshold": )" + std::string(inside) + "}"), preferring(preferences)))
        << inside;
  }
  const Rejection rejection = rejection_of(fused(R"({"confidence_threshold": 0.31})"), preferring(preferences));
  EXPECT_EQ(rejection.details.at("needed"), "0.2 to 0.3");
  EXPECT_EQ(rejection.details.at("available"), "0.31");
}

TEST(NmsFusion, APreferredValueMustBeStated) {
  for (const char* feature : {"{}", R"({"max_detections": null})"}) {
    EXPECT_THAT(reason(feature), HasSubstr("does not say which max_detections"));
  }
}

TEST(NmsFusion, WhatIsMalformedIsRejected) {
  for (const char* feature :
       {"", "true", "[300]", "{", R"({"max_detections": "300"})", R"({"iou_threshold": true})",
        R"({"class_agnostic": 0})", R"({"iou_threshold": 0.5, "iou_threshold": 0.7})", R"({"iou_threshold": 1e999})"}) {
    EXPECT_THAT(reason(feature, {}), HasSubstr("malformed")) << feature;
  }
}

TEST(NmsFusion, OtherPackagesNeedNoPreference) {
  EXPECT_TRUE(runs(onnx_package("a"), preferring(NmsFusionPreferences::usual())));
}

TEST(NmsFusion, TheOneNearestToThePreferenceComesFirst) {
  NmsFusionPreferences preferences;
  preferences.max_detections = NumberRange{.low = 100, .high = 500};
  const Decision decision =
      decide({onnx_package("a"), fused(R"({"max_detections": 100})", "b"), fused(R"({"max_detections": 290})", "c")},
             preferring(preferences));
  EXPECT_THAT(ranked_ids(decision), ElementsAre("c", "b", "a"));
}

TEST(NmsFusion, APreferenceMustBeARange) {
  NmsFusionPreferences preferences;
  preferences.iou_threshold = NumberRange{.low = 0.7, .high = 0.5};
  EXPECT_THROW((void)decide({}, preferring(preferences)), InvalidParameterError);
}

}  // namespace
}  // namespace inference_exp::testing
