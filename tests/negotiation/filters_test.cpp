// The filters that look at the request alone: package id, implementation, trust, backend, batch size, quantization.
#include <gmock/gmock.h>

#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Decision decide_with(const Implementation& implementation, PackageMetadata package) {
  const std::vector<Implementation> implementations{implementation};
  return negotiation::negotiate(detector_with({std::move(package)}), "yolov8n-640", {}, gpu_server(), implementations);
}

LoadOptions with_batch(std::int32_t min, std::int32_t max) {
  LoadOptions options;
  options.batch_size = BatchRange{.min = min, .max = max};
  return options;
}

PackageMetadata with_batch(BatchSupport batch) {
  PackageMetadata package = onnx_package("a");
  package.batch = batch;
  return package;
}

LoadOptions with_quantization(std::vector<Quantization> quantization) {
  LoadOptions options;
  options.quantization = std::move(quantization);
  return options;
}

TEST(Negotiation, WhatFitsIsRankedAndWhatWasAskedIsSaid) {
  const Decision decision = decide({onnx_package("a")});
  EXPECT_THAT(ranked_ids(decision), ElementsAre("a"));
  EXPECT_THAT(decision.rejections, IsEmpty());
  EXPECT_EQ(decision.requested_model, "yolov8n-640");
  EXPECT_EQ(decision.model.model_id, "coco/3");
  EXPECT_EQ(decision.ranking, "trt-torch-onnx");
  EXPECT_THAT(decision.filters, AllOf(HasSubstr("backends: any"), HasSubstr("unknown, fp32, fp16 (default)")));
}

TEST(Negotiation, NoPackagesIsAnAnswer) {
  const Decision decision = decide({});
  EXPECT_THAT(decision.ranked, IsEmpty());
  EXPECT_THAT(decision.rejections, IsEmpty());
}

TEST(Negotiation, APackageIsRejectedOnceByTheFirstFilter) {
  PackageMetadata package = onnx_package("a", Quantization::int8);
  package.trusted = false;
  const Rejection rejection = rejection_of(package);
  EXPECT_EQ(rejection.package_id, "a");
  EXPECT_EQ(rejection.stage, NegotiationStage::trust);
}

TEST(Negotiation, AnOptionIsNamedOnlyWhereItWouldAdmitThePackageAlone) {
  PackageMetadata package = onnx_package("a");
  package.trusted = false;
  EXPECT_EQ(rejection_of(package).details.at("option"), "allow_untrusted_packages");
  package.quantization = Quantization::int8;
  EXPECT_FALSE(rejection_of(package).details.contains("option"));
}

TEST(PackageIdFilter, TakesExactlyThatOneAndChecksNothingButTrust) {
  LoadOptions options = with_batch(64, 64);
  options.model_package_id = "b";
  PackageMetadata wanted = onnx_package("b", Quantization::int8);
  wanted.backend = "mediapipe";
  const Decision decision = decide({onnx_package("a"), wanted}, options, cpu_machine());
  EXPECT_THAT(ranked_ids(decision), ElementsAre("b"));
  ASSERT_EQ(decision.rejections.size(), 1U);
  EXPECT_EQ(decision.rejections[0].stage, NegotiationStage::package_id);
  EXPECT_THAT(decision.rejections[0].reason, HasSubstr("not \"b\""));
}

TEST(PackageIdFilter, NoneOfThatIdLeavesNothing) {
  LoadOptions options;
  options.model_package_id = "z";
  const Rejection rejection = rejection_of(onnx_package("a"), options);
  EXPECT_EQ(rejection.stage, NegotiationStage::package_id);
  EXPECT_EQ(rejection.details.at("option"), "model_package_id");
}

TEST(PackageIdFilter, SeveralOfThatIdAreAmbiguous) {
  LoadOptions options;
  options.model_package_id = "a";
  EXPECT_THROW((void)decide({onnx_package("a"), trt_package("a")}, options), AmbiguousModelPackageResolutionError);
}

TEST(PackageIdFilter, AnUntrustedPackageStaysUntrusted) {
  LoadOptions options;
  options.model_package_id = "a";
  PackageMetadata package = onnx_package("a");
  package.trusted = false;
  EXPECT_EQ(rejection_of(package, options).stage, NegotiationStage::trust);
  options.allow_untrusted_packages = true;
  EXPECT_TRUE(runs(package, options));
}

TEST(ImplementationFilter, ArchitectureTaskAndBackendMustBeImplemented) {
  EXPECT_FALSE(decide_with({"yolov8", "object-detection", "onnx"}, onnx_package("a")).ranked.empty());
  for (const Implementation& other :
       {Implementation{"yolov9", "object-detection", "onnx"}, Implementation{"yolov8", "instance-segmentation", "onnx"},
        Implementation{"yolov8", "object-detection", "trt"}}) {
    const Rejection rejection = only_rejection(decide_with(other, onnx_package("a")));
    EXPECT_EQ(rejection.stage, NegotiationStage::implementation);
    EXPECT_THAT(rejection.reason,
                AllOf(HasSubstr("yolov8 (object-detection)"), HasSubstr("\"onnx\""), HasSubstr("a newer version")));
  }
}

TEST(ImplementationFilter, EveryFeatureOfThePackageMustBeSupported) {
  PackageMetadata package = onnx_package("a");
  package.features = {{"patch_size", "14"}, {"resolution", "560"}};
  EXPECT_FALSE(decide_with({"yolov8", "object-detection", "onnx", {"resolution", "patch_size", "windows"}}, package)
                   .ranked.empty());
  const Rejection rejection =
      only_rejection(decide_with({"yolov8", "object-detection", "onnx", {"resolution"}}, package));
  EXPECT_EQ(rejection.stage, NegotiationStage::implementation);
  EXPECT_THAT(rejection.reason, HasSubstr("patch_size"));
  EXPECT_THAT(rejection.details,
              UnorderedElementsAre(Pair("needed", "patch_size, resolution"), Pair("available", "resolution")));
}

TEST(ImplementationFilter, RequiredFeaturesMustBeThere) {
  const Implementation needs{"yolov8", "object-detection", "onnx", {"resolution"}, {"resolution"}};
  EXPECT_THAT(only_rejection(decide_with(needs, onnx_package("a"))).reason, HasSubstr("lacks: resolution"));
  PackageMetadata package = onnx_package("a");
  package.features = {{"resolution", "560"}};
  EXPECT_FALSE(decide_with(needs, package).ranked.empty());
}

TEST(TrustFilter, UntrustedPackagesNeedLeave) {
  PackageMetadata package = onnx_package("a");
  package.trusted = false;
  const Rejection rejection = rejection_of(package);
  EXPECT_EQ(rejection.stage, NegotiationStage::trust);
  EXPECT_THAT(rejection.reason, HasSubstr("not from a trusted source"));
  LoadOptions options;
  options.allow_untrusted_packages = true;
  EXPECT_TRUE(runs(package, options));
}

TEST(BackendFilter, OnlyTheRequestedOnes) {
  LoadOptions options;
  options.backends = {"TRT", "onnx"};
  const Decision decision = decide({onnx_package("a"), torch_package("b"), trt_package("c")}, options);
  EXPECT_THAT(ranked_ids(decision), ElementsAre("c", "a"));
  ASSERT_EQ(decision.rejections.size(), 1U);
  EXPECT_EQ(decision.rejections[0].stage, NegotiationStage::backend);
  EXPECT_THAT(decision.rejections[0].reason, AllOf(HasSubstr("\"torch\""), HasSubstr("trt, onnx")));
}

TEST(BackendFilter, AMisspeltBackendIsAnError) {
  LoadOptions options;
  options.backends = {"onnx", "tensorrt"};
  EXPECT_THROW((void)decide({onnx_package("a")}, options), UnknownBackendTypeError);
}

TEST(BatchFilter, ADynamicPackageWithoutLimitsTakesAnything) {
  EXPECT_TRUE(runs(with_batch(dynamic_batch()), with_batch(1, 1000)));
}

TEST(BatchFilter, ADynamicPackageTakesWhatLiesWithinItsLimits) {
  const PackageMetadata package = with_batch(dynamic_batch(2, 4, 8));
  EXPECT_TRUE(runs(package, with_batch(2, 8)));
  EXPECT_TRUE(runs(package, with_batch(3, 3)));
  EXPECT_FALSE(runs(package, with_batch(1, 4)));
  const Rejection rejection = rejection_of(package, with_batch(4, 9));
  EXPECT_EQ(rejection.stage, NegotiationStage::batch_size);
  EXPECT_THAT(rejection.reason, HasSubstr("4 to 9"));
  EXPECT_THAT(rejection.details, UnorderedElementsAre(Pair("needed", "4 to 9"), Pair("available", "2 to 8"),
                                                      Pair("option", "batch_size")));
}

TEST(BatchFilter, LimitsComeFromWhateverIsSet) {
  const PackageMetadata package = with_batch(dynamic_batch({}, 4));
  EXPECT_TRUE(runs(package, with_batch(4, 4)));
  EXPECT_FALSE(runs(package, with_batch(4, 5)));
}

TEST(BatchFilter, AStaticPackageMustLieWithinTheRange) {
  const PackageMetadata package = with_batch(static_batch(4));
  EXPECT_TRUE(runs(package, with_batch(4, 4)));
  EXPECT_TRUE(runs(package, with_batch(1, 8)));
  EXPECT_FALSE(runs(package, with_batch(1, 3)));
  EXPECT_FALSE(runs(package, with_batch(5, 8)));
  EXPECT_TRUE(runs(package));
}

TEST(BatchFilter, APackageThatSaysNothingIsAccepted) {
  EXPECT_TRUE(runs(with_batch(BatchSupport{}), with_batch(7, 7)));
}

TEST(BatchFilter, ARequestMustBeARangeOfSizes) {
  for (const auto& [min, max] : {std::pair(0, 1), std::pair(-1, 1), std::pair(4, 3), std::pair(0, 0)}) {
    EXPECT_THROW((void)decide({onnx_package("a")}, with_batch(min, max)), InvalidRequestedBatchSizeError);
  }
}

TEST(QuantizationFilter, TheDefaultDependsOnTheDevice) {
  using enum Quantization;
  const auto accepted = [](const LoadOptions& options, const EnvironmentDescription& environment) {
    std::string names;
    for (const Quantization quantization : {unknown, fp32, fp16, bf16, int8}) {
      if (runs(onnx_package("a", quantization), options, environment)) {
        names += std::string(quantization_name(quantization)) + " ";
      }
    }
    return names;
  };
  EXPECT_EQ(accepted(on_device("cpu"), gpu_server()), "unknown fp32 bf16 ");
  EXPECT_EQ(accepted(on_device("cpu"), cpu_machine()), "unknown fp32 bf16 ");
  EXPECT_EQ(accepted(on_device("cuda"), gpu_server()), "unknown fp32 fp16 ");
  EXPECT_EQ(accepted(on_device("cuda:0"), gpu_server()), "unknown fp32 fp16 ");
  EXPECT_EQ(accepted({}, gpu_server()), "unknown fp32 fp16 ");
  EXPECT_EQ(accepted({}, cpu_machine()), "unknown fp32 bf16 ");
}

TEST(QuantizationFilter, TheCpuRejectsFp16AndSaysThatTheListIsTheDefault) {
  const Rejection rejection = rejection_of(onnx_package("a", Quantization::fp16), on_device("cpu"));
  EXPECT_EQ(rejection.stage, NegotiationStage::quantization);
  EXPECT_THAT(rejection.reason, AllOf(HasSubstr("default"), HasSubstr("unknown, fp32, bf16")));
  EXPECT_EQ(rejection.details.at("available"), "fp16");
}

TEST(QuantizationFilter, TheCallersListIsSaidToBeTheCallers) {
  const LoadOptions options = with_quantization({Quantization::int8});
  EXPECT_TRUE(runs(onnx_package("a", Quantization::int8), options));
  const Rejection rejection = rejection_of(onnx_package("a"), options);
  EXPECT_EQ(rejection.stage, NegotiationStage::quantization);
  EXPECT_THAT(rejection.reason, AllOf(HasSubstr("asked for: int8"), ::testing::Not(HasSubstr("default"))));
}

TEST(QuantizationFilter, AnEmptyListFromTheCallerMeansAny) {
  EXPECT_TRUE(runs(onnx_package("a", Quantization::int8), with_quantization({})));
}

TEST(DeviceText, IsOneOfFourForms) {
  for (const char* device : {"", "cpu", "cuda", "cuda:0", "mps"}) {
    EXPECT_NO_THROW((void)decide({}, on_device(device))) << device;
  }
  for (const char* device : {"CPU", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0 ", "cuda:99999999999", "cpu:0"}) {
    EXPECT_THROW((void)decide({}, on_device(device)), InvalidParameterError) << device;
  }
}

TEST(DeviceText, AGpuThatDoesNotExistIsAnError) {
  EXPECT_THROW((void)decide({}, on_device("cuda:1")), ModelPackageNegotiationError);
  EXPECT_THROW((void)decide({}, on_device("cuda:0"), cpu_machine()), ModelPackageNegotiationError);
}

TEST(DeviceText, AGpuThatOnlyABackendSeesExists) {
  EnvironmentDescription environment = cpu_machine();
  environment.backends[0].devices = {"cpu", "cuda:0", "cuda:1"};
  EXPECT_NO_THROW((void)decide({}, on_device("cuda:1"), environment));
  EXPECT_THROW((void)decide({}, on_device("cuda:2"), environment), ModelPackageNegotiationError);
}

}  // namespace
}  // namespace inference_exp::testing
