// Where a compiled TensorRT engine can run.
#include <gmock/gmock.h>

#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Rejection runtime_rejection(PackageMetadata package, const LoadOptions& options = {},
                            const EnvironmentDescription& environment = gpu_server()) {
  Rejection rejection = rejection_of(std::move(package), options, environment);
  EXPECT_EQ(rejection.stage, NegotiationStage::runtime);
  return rejection;
}

PackageMetadata forward_compatible(std::string built_with) {
  PackageMetadata package = trt_package("a");
  engine_of(package).forward_compatible = true;
  engine_of(package).trt_version = std::move(built_with);
  return package;
}

EnvironmentDescription two_gpus() {
  EnvironmentDescription environment = gpu_server();
  environment.machine.gpus.push_back({.name = "nvidia-l4", .compute_capability = "8.9"});
  return environment;
}

TEST(TensorRt, RunsOnTheMachineItWasCompiledOn) {
  EXPECT_TRUE(runs(trt_package("a")));
  EXPECT_TRUE(runs(jetson_package("a"), {}, jetson()));
}

TEST(TensorRt, NeedsItsPlugIn) {
  EXPECT_THAT(runtime_rejection(trt_package("a", Quantization::fp32), {}, cpu_machine()).reason,
              AllOf(HasSubstr("\"trt\" cannot be used"), HasSubstr("inference-exp-backend-trt")));
}

TEST(TensorRt, ItsVersionMustBeKnown) {
  EnvironmentDescription environment = gpu_server();
  environment.machine.trt_version.reset();
  EXPECT_TRUE(runs(trt_package("a"), {}, environment)) << "the plug-in knows it too";
  environment.backends[2].runtime_version.clear();
  EXPECT_THAT(runtime_rejection(trt_package("a"), {}, environment).reason, HasSubstr("version of TensorRT"));
}

TEST(TensorRt, APackageMustSayWhatItWasMadeFor) {
  PackageMetadata package = trt_package("a");
  engine_of(package).trt_version.clear();
  EXPECT_THAT(runtime_rejection(package).reason, HasSubstr("does not say"));
  package.details = std::monostate{};
  EXPECT_THAT(runtime_rejection(package).reason, HasSubstr("does not say"));
}

TEST(TensorRt, AnEngineOfOneGpuNeedsThatGpu) {
  PackageMetadata package = trt_package("a");
  engine_of(package).device_name = "tesla-t40";  // the same capability does not help
  const Rejection rejection = runtime_rejection(package);
  EXPECT_THAT(rejection.reason, HasSubstr("another GPU"));
  EXPECT_EQ(rejection.details.at("needed"), "tesla-t40");
  EXPECT_EQ(rejection.details.at("available"), "tesla-t4");
}

TEST(TensorRt, AnEngineOfOneCapabilityNeedsThatCapability) {
  PackageMetadata package = trt_package("a");
  engine_of(package).same_cc_compatible = true;
  engine_of(package).device_name = "geforce-rtx-2080";
  EXPECT_TRUE(runs(package));
  engine_of(package).device_name = "tesla-t4";
  engine_of(package).compute_capability = "8.9";
  const Rejection rejection = runtime_rejection(package);
  EXPECT_THAT(rejection.reason, HasSubstr("another compute capability"));
  EXPECT_EQ(rejection.details.at("available"), "7.5");
}

TEST(TensorRt, OnlyTheChosenGpuCounts) {
  PackageMetadata on_l4 = trt_package("a");
  engine_of(on_l4).device_name = "nvidia-l4";
  EXPECT_TRUE(runs(on_l4, {}, two_gpus())) << "without a device any GPU will do";
  EXPECT_TRUE(runs(on_l4, on_device("cuda:1"), two_gpus()));
  EXPECT_FALSE(runs(on_l4, on_device("cuda:0"), two_gpus()));
  EXPECT_FALSE(runs(on_l4, on_device("cuda"), two_gpus())) << "the first GPU is meant";
}

TEST(TensorRt, TheCpuIsNoGpu) {
  const Rejection rejection = runtime_rejection(trt_package("a", Quantization::fp32), on_device("cpu"));
  EXPECT_THAT(rejection.reason, HasSubstr("another GPU"));
  EXPECT_EQ(rejection.details.at("available"), "none");
}

TEST(TensorRt, VersionsMustBeEqualToTheBuildNumber) {
  PackageMetadata package = trt_package("a");
  for (const char* other : {"10.12.0.35", "10.12.0", "10.12.0.36.post1", "10.13.0.36"}) {
    engine_of(package).trt_version = other;
    const Rejection rejection = runtime_rejection(package);
    EXPECT_THAT(rejection.reason, HasSubstr("only with the version of TensorRT"));
    EXPECT_EQ(rejection.details.at("needed"), other);
  }
}

TEST(TensorRt, AForwardCompatibleEngineRunsOnTheSameVersionAndLaterOnes) {
  EXPECT_TRUE(runs(forward_compatible("10.11.0.33")));
  EXPECT_TRUE(runs(forward_compatible("10.12.0.36")));
  const Rejection rejection = runtime_rejection(forward_compatible("10.13.0.1"));
  EXPECT_THAT(rejection.reason, HasSubstr("newer TensorRT"));
  EXPECT_EQ(rejection.details.at("needed"), "10.13.0.1 or later");
}

TEST(TensorRt, AForwardCompatibleEngineNeedsItsLeanRuntime) {
  PackageMetadata package = forward_compatible("10.12.0.36");
  engine_of(package).lean_runtime_excluded = true;
  EXPECT_THAT(runtime_rejection(package).reason, HasSubstr("lean runtime"));
}

TEST(TensorRt, AForwardCompatibleEngineBringsHostCode) {
  LoadOptions options;
  options.trt_engine_host_code_allowed = false;
  const Rejection rejection = runtime_rejection(forward_compatible("10.12.0.36"), options);
  EXPECT_THAT(rejection.reason, HasSubstr("not allowed"));
  EXPECT_EQ(rejection.details.at("option"), "trt_engine_host_code_allowed");
  EXPECT_TRUE(runs(trt_package("a"), options)) << "other engines bring none";
}

TEST(TensorRt, CudaDriverAndOperatingSystemAreNoFilters) {
  PackageMetadata package = trt_package("a");
  engine_of(package).cuda_version = "11.8";
  engine_of(package).driver_version = "525.1";
  engine_of(package).os_version = "debian-gnu/linux-12";
  EXPECT_TRUE(runs(package));
}

TEST(TensorRt, AnUnnamedGpuIsNotTheOneOfAnUnnamedEngine) {
  EnvironmentDescription environment = gpu_server();
  environment.machine.gpus[0] = {};
  PackageMetadata package = trt_package("a");
  engine_of(package).device_name.clear();
  EXPECT_THAT(runtime_rejection(package, {}, environment).reason, HasSubstr("another GPU"));
}

TEST(TensorRtOnJetson, TheRevisionOfTheSystemsPackageIsNotLostWhereOnlyTheLibrarySpeaks) {
  EnvironmentDescription in_a_container = jetson();
  in_a_container.machine.trt_version = "10.3.0.30";
  EXPECT_TRUE(runs(jetson_package("a"), {}, in_a_container)) << "labelled 10.3.0.30.post1";

  PackageMetadata package = jetson_package("a");
  engine_of(package).trt_version = "10.3.0.30";
  EXPECT_TRUE(runs(package, {}, jetson())) << "here 10.3.0.30-1";
  for (const char* other : {"10.3.0.30.post2", "10.3.0.26", "10.3.0.26.post1"}) {
    engine_of(package).trt_version = other;
    EXPECT_THAT(runtime_rejection(package, {}, jetson()).reason, HasSubstr("only with the version of TensorRT"));
  }
  engine_of(package).trt_version = "10.3.0.30.post1";
  engine_of(package).forward_compatible = true;
  EXPECT_TRUE(runs(package, {}, in_a_container)) << "the same build is not newer";
}

TEST(TensorRtOnJetson, L4tMustAgreeInMajorAndMinor) {
  PackageMetadata package = jetson_package("a");
  engine_of(package).l4t_version = "36.4.3";
  EXPECT_TRUE(runs(package, {}, jetson()));
  for (const char* other : {"36.3.0", "35.4.0", ""}) {
    engine_of(package).l4t_version = other;
    EXPECT_THAT(runtime_rejection(package, {}, jetson()).reason, HasSubstr("another version of Jetson Linux"));
  }
}

TEST(TensorRtOnJetson, AJetsonEngineNeedsAJetson) {
  EXPECT_THAT(runtime_rejection(jetson_package("a")).reason, HasSubstr("no version of Jetson Linux"));
}

TEST(TensorRtOnJetson, TheGpuIsComparedFirst) {
  PackageMetadata package = jetson_package("a");
  engine_of(package).device_name = "xavier";
  engine_of(package).l4t_version = "35.1";
  EXPECT_THAT(runtime_rejection(package, {}, jetson()).reason, HasSubstr("another GPU"));
}

TEST(TensorRtOnJetson, AServerEngineIsNotRejectedAsSuch) {
  PackageMetadata package = trt_package("a");
  engine_of(package).device_name = "orin";
  engine_of(package).trt_version = "10.3.0.30-1";
  EXPECT_TRUE(runs(package, {}, jetson()));
}

}  // namespace
}  // namespace inference_exp::testing
