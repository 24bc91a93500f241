// What the user reads about a decision.
#include <gmock/gmock.h>

#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

PackageMetadata untrusted(PackageMetadata package) {
  package.trusted = false;
  return package;
}

NoModelPackagesAvailableError nothing_left(const Decision& decision) {
  try {
    negotiation::throw_nothing_left(decision);
  } catch (const NoModelPackagesAvailableError& error) {
    return error;
  }
}

TEST(Explain, NamesEveryAnnouncedPackage) {
  PackageMetadata engine = trt_package("engine");
  engine.batch.min = 1;
  engine.batch.opt = 8;
  engine.batch.max = 16;
  PackageMetadata fixed = untrusted(onnx_package("fixed"));
  fixed.batch = static_batch(4);
  onnx_of(fixed).incompatible_providers = {"CoreMLExecutionProvider"};
  const std::string text = explain(
      decide({engine, fixed, torch_script_package("script"), jetson_package("jetson"), torch_package("torch")}));
  EXPECT_THAT(text, StartsWith("Model: yolov8n-640 (coco/3), yolov8, object-detection\nRequest: "));
  EXPECT_THAT(text, HasSubstr("\nAnnounced: 5 packages\n"));
  EXPECT_THAT(text, HasSubstr("\n  1. engine: trt, fp16, dynamic batch of 1 to 16 (best 8), TensorRT 10.12.0.36, CUDA "
                              "12.8, driver 570.86.15, compiled on tesla-t4 (compute capability 7.5), ubuntu-22.04\n"));
  EXPECT_THAT(text,
              HasSubstr("\n  2. fixed: onnx, fp32, batch of 4, opset 17, not on CoreMLExecutionProvider, untrusted\n"));
  EXPECT_THAT(text,
              HasSubstr("\n  3. script: torch-script, fp32, dynamic batch, PyTorch 2.5 or later, for cpu, cuda\n"));
  EXPECT_THAT(text, HasSubstr("nvidia-jetson-orin-nx, L4T 36.4.0\n"));
  EXPECT_THAT(text, HasSubstr("\n  5. torch: torch, fp32, dynamic batch\n"));
}

TEST(Explain, NamesWhatWasSkipped) {
  ModelMetadata model = detector_with({});
  model.skipped = {{"x", "tfjs-model-package-v1", "Such packages are not used here."}, {"", "", "It has no type."}};
  const std::string text = explain(negotiation::negotiate(model, "coco/3", {}, gpu_server(), all_implementations()));
  EXPECT_THAT(text, StartsWith("Model: coco/3, yolov8"));
  EXPECT_THAT(text, HasSubstr("Skipped: 2 packages\n  x (tfjs-model-package-v1): Such packages are not used here.\n"
                              "  without an id: It has no type.\n"));
  EXPECT_THAT(text, EndsWith("Can run here: no package\n"));
}

TEST(Explain, SaysWhyAPackageWasRuledOut) {
  EXPECT_THAT(explain(decide({onnx_package("a", Quantization::int8)})),
              HasSubstr("Ruled out: 1 package\n  a by quantization: The quantization is not among the default ones for "
                        "the device: unknown, fp32, fp16. (available: int8; needed: unknown, fp32, fp16; option: "
                        "quantization)\n"));
}

TEST(Explain, SaysWhichKeyDecidedEachPlace) {
  const std::string text = explain(
      decide({onnx_package("a"), onnx_package("b", Quantization::fp16), torch_package("c"), onnx_package("d")}));
  EXPECT_THAT(text, EndsWith("Can run here, best first (backends in the order trt-torch-onnx):\n"
                             "  1. c (torch, fp32)\n"
                             "  2. b (onnx, fp16) loses on backend: onnx against torch\n"
                             "  3. a (onnx, fp32) loses on quantization: fp32 against fp16\n"
                             "  4. d (onnx, fp32) loses on package id: d against a\n"));
}

TEST(Explain, PackagesThatAreEqualInEverything) {
  EXPECT_THAT(explain(decide({onnx_package("a"), onnx_package("a")})),
              HasSubstr("2. a (onnx, fp32) as good as the one above, announced later\n"));
}

TEST(Summary, CountsReasonsAndPutsTheMostFrequentFirst) {
  const Decision decision = decide({untrusted(onnx_package("a")), onnx_package("b", Quantization::int8),
                                    onnx_package("c", Quantization::int8), untrusted(torch_package("d")),
                                    onnx_package("e", Quantization::bf16), onnx_package("f")});
  EXPECT_EQ(summarize_rejections(decision),
            "3 packages: The quantization is not among the default ones for the device: unknown, fp32, fp16.\n"
            "2 packages: The package is not from a trusted source, and untrusted packages are not allowed.\n");
}

TEST(Summary, IsEmptyWhereNothingWasRejected) { EXPECT_EQ(summarize_rejections(decide({onnx_package("a")})), ""); }

TEST(NothingLeft, SaysThatNothingWasAnnounced) {
  const auto error = nothing_left(decide({}));
  EXPECT_EQ(error.message(), "The provider announced no packages of the model \"yolov8n-640\".");
  EXPECT_FALSE(error.hint().empty());
}

TEST(NothingLeft, MentionsWhatWasSkipped) {
  ModelMetadata model = detector_with({});
  model.skipped = {{"x", "a", "It is odd."}, {"y", "a", "It is odd."}};
  const auto error = nothing_left(negotiation::negotiate(model, "m", {}, gpu_server(), all_implementations()));
  EXPECT_THAT(error.message(), AllOf(HasSubstr("no package of the model \"m\" that this library can use"),
                                     HasSubstr("2 packages announced in a form"), HasSubstr("2 packages: It is odd.")));
  EXPECT_FALSE(error.hint().empty());
}

TEST(NothingLeft, ListsTheReasonsAndTheOptionThatAdmitsMost) {
  const auto error = nothing_left(decide(
      {untrusted(onnx_package("a")), onnx_package("b", Quantization::int8), onnx_package("c", Quantization::int8)}));
  EXPECT_THAT(error.message(),
              AllOf(StartsWith("No package of the model \"yolov8n-640\" can run here as asked:\n  2 packages: The "
                               "quantization"),
                    HasSubstr("\n  1 package: The package is not from a trusted source")));
  EXPECT_THAT(error.hint(), AllOf(HasSubstr("LoadOptions::quantization"), HasSubstr("would admit 2 packages")));
}

TEST(NothingLeft, AMoreFrequentReasonGivesWayToOneThatCanBeLifted) {
  const Decision decision =
      decide({trt_package("a", Quantization::fp32), trt_package("b", Quantization::fp32), untrusted(onnx_package("c"))},
             {}, cpu_machine());
  const auto error = nothing_left(decision);
  EXPECT_THAT(error.message(), HasSubstr("2 packages: The backend \"trt\" cannot be used here."));
  EXPECT_THAT(error.hint(), AllOf(HasSubstr("allow_untrusted_packages"), HasSubstr("1 package.")));
}

TEST(NothingLeft, WithoutSuchAnOptionNoneIsNamed) {
  EXPECT_THAT(nothing_left(decide({trt_package("a", Quantization::fp32)}, {}, cpu_machine())).hint(),
              AllOf(HasSubstr("No single option"), Not(HasSubstr("LoadOptions::"))));
}

TEST(NothingLeft, EveryOptionHasItsAdvice) {
  Decision decision = decide({onnx_package("a", Quantization::int8)});
  for (const char* option :
       {"model_package_id", "allow_untrusted_packages", "backends", "batch_size", "quantization",
        "session.execution_providers", "session.device", "trt_engine_host_code_allowed", "nms_fusion_preferences"}) {
    decision.rejections[0].details["option"] = option;
    EXPECT_THAT(nothing_left(decision).hint(),
                AllOf(HasSubstr("LoadOptions::" + std::string(option)),
                      Not(StartsWith("Change LoadOptions::" + std::string(option) + ":"))));
  }
}

}  // namespace
}  // namespace inference_exp::testing
