// Whether a backend can run a package on a machine: ONNX Runtime, PyTorch, and backends without a plug-in.
#include <gmock/gmock.h>

#include "negotiation/context.hpp"
#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Rejection runtime_rejection(PackageMetadata package, const LoadOptions& options = {},
                            const EnvironmentDescription& environment = gpu_server()) {
  Rejection rejection = rejection_of(std::move(package), options, environment);
  EXPECT_EQ(rejection.stage, NegotiationStage::runtime);
  return rejection;
}

LoadOptions with_providers(std::vector<ExecutionProvider> providers) {
  LoadOptions options;
  options.session.execution_providers = std::move(providers);
  return options;
}

PackageMetadata not_on(std::vector<std::string> providers) {
  PackageMetadata package = onnx_package("a");
  onnx_of(package).incompatible_providers = std::move(providers);
  return package;
}

PackageMetadata with_opset(std::int32_t opset) {
  PackageMetadata package = onnx_package("a");
  onnx_of(package).opset = opset;
  return package;
}

EnvironmentDescription with_onnxruntime(std::string version) {
  EnvironmentDescription environment = cpu_machine();
  environment.backends[0].runtime_version = std::move(version);
  return environment;
}

TEST(OnnxRuntime, AMissingBackendSaysWhatToInstall) {
  EnvironmentDescription environment = cpu_machine();
  environment.backends[0] = missing_backend("onnx");
  EXPECT_THAT(runtime_rejection(onnx_package("a"), {}, environment).reason,
              AllOf(HasSubstr("\"onnx\" cannot be used"), HasSubstr("inference-exp-backend-onnx")));
}

TEST(OnnxRuntime, NeedsAnyExecutionProvider) {
  EnvironmentDescription environment = cpu_machine();
  environment.backends[0].execution_providers.clear();
  EXPECT_THAT(runtime_rejection(onnx_package("a"), {}, environment).reason, HasSubstr("no execution provider"));
}

TEST(OnnxRuntime, APackageMustSayItsOpset) {
  PackageMetadata package = onnx_package("a");
  package.details = std::monostate{};
  EXPECT_THAT(runtime_rejection(package).reason, HasSubstr("does not say which ONNX opset"));
}

TEST(OnnxRuntime, NoneOfTheDefaultProvidersIsAvailable) {
  EnvironmentDescription environment = cpu_machine();
  environment.backends[0].execution_providers = {"XnnpackExecutionProvider"};
  const Rejection rejection = runtime_rejection(onnx_package("a"), {}, environment);
  EXPECT_THAT(rejection.reason, AllOf(HasSubstr("default"), HasSubstr("CUDAExecutionProvider")));
  EXPECT_EQ(rejection.details.at("option"), "session.execution_providers");
}

TEST(OnnxRuntime, NoneOfTheCallersProvidersIsAvailable) {
  const LoadOptions options = with_providers({{"TensorrtExecutionProvider"}});
  EXPECT_THAT(runtime_rejection(onnx_package("a"), options).reason,
              AllOf(HasSubstr("asked for"), HasSubstr("TensorrtExecutionProvider"), Not(HasSubstr("default"))));
}

TEST(OnnxRuntime, ProvidersWithOptionsAreComparedByName) {
  EXPECT_TRUE(runs(onnx_package("a"), with_providers({{"CUDAExecutionProvider", {{"device_id", "0"}}}})));
}

TEST(OnnxRuntime, OnlyTheFirstProviderMustSuitThePackage) {
  EXPECT_THAT(runtime_rejection(not_on({"CUDAExecutionProvider"})).reason,
              AllOf(HasSubstr("CUDAExecutionProvider"), HasSubstr("default")));
  EXPECT_TRUE(runs(not_on({"CPUExecutionProvider"})));
  EXPECT_TRUE(runs(not_on({"OpenVINOExecutionProvider"})));  // preferred, but not here
}

TEST(OnnxRuntime, TheCallersOrderCounts) {
  const LoadOptions cpu_first = with_providers({{"CPUExecutionProvider"}, {"CUDAExecutionProvider"}});
  EXPECT_TRUE(runs(not_on({"CUDAExecutionProvider"}), cpu_first));
  const Rejection rejection = runtime_rejection(not_on({"CPUExecutionProvider"}), cpu_first);
  EXPECT_THAT(rejection.reason, AllOf(HasSubstr("CPUExecutionProvider"), HasSubstr("asked for")));
}

TEST(OnnxRuntime, TheDefaultPreferenceComesFromTheCaller) {
  const negotiation::NegotiationInputs inputs{.onnx_execution_providers = {"CPUExecutionProvider"}};
  const Decision decision = negotiation::negotiate(detector_with({not_on({"CUDAExecutionProvider"})}), "m", {},
                                                   gpu_server(), all_implementations(), inputs);
  EXPECT_FALSE(decision.ranked.empty());
}

TEST(OnnxRuntime, ANamedDeviceTakesItsOwnProviderAlone) {
  EXPECT_TRUE(runs(not_on({"CUDAExecutionProvider"}), on_device("cpu")));
  EXPECT_FALSE(runs(not_on({"CPUExecutionProvider"}), on_device("cpu")));
  EXPECT_TRUE(runs(not_on({"CPUExecutionProvider"}), on_device("cuda")));
  EXPECT_THAT(runtime_rejection(onnx_package("a"), on_device("cuda"), cpu_machine()).reason,
              HasSubstr("CUDAExecutionProvider"));
}

TEST(OnnxRuntime, TheOpsetMustNotBeTooNew) {
  EXPECT_TRUE(runs(with_opset(21), {}, with_onnxruntime("1.20.1")));
  const Rejection rejection = runtime_rejection(with_opset(22), {}, with_onnxruntime("1.20.1"));
  EXPECT_THAT(rejection.reason, AllOf(HasSubstr("too new"), HasSubstr("1.20.1")));
  EXPECT_EQ(rejection.details.at("needed"), "opset 22");
  EXPECT_EQ(rejection.details.at("available"), "opset 21");
}

TEST(OnnxRuntime, TheTableOfOpsets) {
  const auto opset = [](std::string_view version) { return negotiation::newest_opset(Version::parse(version)); };
  EXPECT_EQ(opset("1.15.0"), 19);
  EXPECT_EQ(opset("1.16.3"), 19);
  EXPECT_EQ(opset("1.17"), 20);
  EXPECT_EQ(opset("1.18"), 21);
  EXPECT_EQ(opset("1.19"), 21);
  EXPECT_EQ(opset("1.20"), 21);
  EXPECT_EQ(opset("1.21"), 22);
  EXPECT_EQ(opset("1.22"), 23);
  EXPECT_EQ(opset("1.23.2"), 24);
  EXPECT_EQ(opset("1.25"), 26);
  EXPECT_EQ(opset("1.12"), 19);
  EXPECT_EQ(opset("unknown"), 19);
  EXPECT_GT(opset("2.0"), 100);
  EXPECT_GT(opset("1.18446744073709551615"), 100);
}

TEST(Torch, NeedsItsPlugIn) {
  EXPECT_TRUE(runs(torch_package("a")));
  EXPECT_THAT(runtime_rejection(torch_package("a"), {}, cpu_machine()).reason,
              HasSubstr("inference-exp-backend-torch"));
}

TEST(TorchScript, IsServedByTheTorchPlugIn) {
  EXPECT_TRUE(runs(torch_script_package("a")));
  EXPECT_THAT(runtime_rejection(torch_script_package("a"), {}, cpu_machine()).reason,
              AllOf(HasSubstr("\"torch-script\""), HasSubstr("inference-exp-backend-torch")));
}

TEST(TorchScript, APackageMustSayWhatItNeeds) {
  PackageMetadata package = torch_script_package("a");
  package.details = std::monostate{};
  EXPECT_THAT(runtime_rejection(package).reason, HasSubstr("does not say"));
}

TEST(TorchScript, TheDeviceTypeMustBeSupported) {
  PackageMetadata package = torch_script_package("a");
  script_of(package).device_types = {"cuda"};
  EXPECT_TRUE(runs(package, on_device("cuda")));
  const Rejection rejection = runtime_rejection(package, on_device("cpu"));
  EXPECT_THAT(rejection.reason, HasSubstr("device type cpu"));
  EXPECT_EQ(rejection.details.at("needed"), "cuda");
}

TEST(TorchScript, WithoutADeviceItIsTheGpuWhereThereIsOne) {
  PackageMetadata package = torch_script_package("a");
  script_of(package).device_types = {"cpu"};
  EXPECT_FALSE(runs(package));
  EnvironmentDescription without_gpu = gpu_server();
  without_gpu.machine.gpus.clear();
  EXPECT_TRUE(runs(package, {}, without_gpu));
}

TEST(TorchScript, PyTorchMustBeNewEnough) {
  PackageMetadata package = torch_script_package("a");
  script_of(package).torch_version = "2.6.0";
  EXPECT_TRUE(runs(package)) << "2.6.0+cu124 is not older than 2.6.0";
  script_of(package).torch_version = "2.7";
  const Rejection rejection = runtime_rejection(package);
  EXPECT_THAT(rejection.reason, HasSubstr("newer PyTorch"));
  EXPECT_EQ(rejection.details.at("available"), "2.6.0+cu124");
}

TEST(TorchScript, AnUnknownPyTorchIsNotNewEnough) {
  EnvironmentDescription environment = gpu_server();
  environment.backends[1].runtime_version.clear();
  EXPECT_EQ(runtime_rejection(torch_script_package("a"), {}, environment).details.at("available"), "unknown");
}

TEST(OtherBackends, NoPlugInServesThem) {
  for (const std::string_view name : {"hugging-face", "ultralytics", "mediapipe", "custom"}) {
    PackageMetadata package = onnx_package("a");
    package.backend = name;
    const std::vector<Implementation> implementations{{"yolov8", "object-detection", name}};
    const Rejection rejection =
        only_rejection(negotiation::negotiate(detector_with({package}), "m", {}, gpu_server(), implementations));
    EXPECT_EQ(rejection.stage, NegotiationStage::runtime);
    EXPECT_THAT(rejection.reason, HasSubstr("No plug-in is known that serves the backend \"" + std::string(name)));
    EXPECT_EQ(rejection_of(package).stage, NegotiationStage::implementation);
  }
}

}  // namespace
}  // namespace inference_exp::testing
