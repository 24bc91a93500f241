// What the model families offer to negotiation.
#include <gmock/gmock.h>

#include <set>

#include "models/registry.hpp"
#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

Decision decide_for(std::string architecture, std::vector<PackageMetadata> packages) {
  ModelMetadata model = detector_with(std::move(packages));
  model.architecture = std::move(architecture);
  LoadOptions options;
  options.nms_fusion_preferences.emplace();
  return negotiation::negotiate(model, "m", options, gpu_server(), models::implementations());
}

PackageMetadata fused(PackageMetadata package) {
  package.features.emplace("nms_fused", "{}");
  return package;
}

TEST(Implementations, NameEveryModelThatCanBeMade) {
  std::set<std::pair<std::string, std::string>> named;
  for (const Implementation& implementation : models::implementations()) {
    named.emplace(implementation.architecture, implementation.task);
  }
  const auto made = models::registered();
  EXPECT_EQ(named, std::set(made.begin(), made.end()));
}

TEST(Implementations, YoloRunsOnOnnxAndTensorRtAndTorchScriptButForYolov10) {
  const std::vector packages{onnx_package("onnx"), trt_package("trt"), torch_script_package("script"),
                             torch_package("torch")};
  for (const char* architecture : {"yolov8", "yolov9", "yolov11", "yolov12", "yolo26"}) {
    EXPECT_THAT(ranked_ids(decide_for(architecture, packages)), UnorderedElementsAre("onnx", "trt", "script"));
  }
  EXPECT_THAT(ranked_ids(decide_for("yolov10", packages)), UnorderedElementsAre("onnx", "trt"));
}

TEST(Implementations, FusedNmsOnOnnxButNotForYolov10) {
  const std::vector packages{fused(onnx_package("onnx")), fused(trt_package("trt")),
                             fused(torch_script_package("script"))};
  EXPECT_THAT(ranked_ids(decide_for("yolov8", packages)), ElementsAre("onnx"));
  EXPECT_THAT(ranked_ids(decide_for("yolov10", packages)), ElementsAre());
}

TEST(Implementations, RfdetrRunsOnOnnxTensorRtAndTorchCheckpoints) {
  const Decision decision = decide_for(
      "rfdetr", {onnx_package("onnx"), trt_package("trt"), torch_script_package("script"), torch_package("torch")});
  EXPECT_THAT(ranked_ids(decision), UnorderedElementsAre("onnx", "trt", "torch"));
}

TEST(Implementations, RfdetrPackagesMayTellTheMeasuresOfTheirNetworkButNoFusedNms) {
  PackageMetadata measured = onnx_package("measured");
  for (const char* feature : {"resolution", "patch_size", "num_windows", "dec_layers", "num_queries", "num_select"}) {
    measured.features.emplace(feature, "1");
  }
  EXPECT_THAT(ranked_ids(decide_for("rfdetr", {measured, fused(onnx_package("fused"))})), ElementsAre("measured"));
}

}  // namespace
}  // namespace inference_exp::testing
