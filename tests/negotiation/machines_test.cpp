// One model with packages for all kinds of machines, on each of the recorded ones: what is chosen, what comes next, and
// why the rest is not.
#include <gmock/gmock.h>

#include <map>

#include "negotiation/machine_descriptions.hpp"
#include "negotiation/packages.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

PackageMetadata server_engine(std::string id, std::string gpu, std::string capability, std::string trt) {
  PackageMetadata package = trt_package(std::move(id));
  engine_of(package).device_name = std::move(gpu);
  engine_of(package).compute_capability = std::move(capability);
  engine_of(package).trt_version = std::move(trt);
  return package;
}

PackageMetadata forward_compatible_engine(std::string id, bool lean_runtime_excluded) {
  PackageMetadata package = server_engine(std::move(id), "tesla-t4", "7.5", "10.0.1.6");
  engine_of(package).forward_compatible = true;
  engine_of(package).lean_runtime_excluded = lean_runtime_excluded;
  return package;
}

PackageMetadata orin_engine(std::string id, std::string l4t, std::string trt) {
  PackageMetadata package = jetson_package(std::move(id));
  engine_of(package).l4t_version = std::move(l4t);
  engine_of(package).trt_version = std::move(trt);
  return package;
}

std::vector<PackageMetadata> packages_for_all_machines() {
  PackageMetadata same_capability = server_engine("trt-turing", "nvidia-geforce-rtx-2080", "7.5", "10.12.0.36");
  engine_of(same_capability).same_cc_compatible = true;
  return {onnx_package("onnx-fp32"),
          onnx_package("onnx-fp16", Quantization::fp16),
          torch_package("torch-fp32"),
          orin_engine("trt-orin-jp5", "35.4.1", "8.5.2.2.post1"),
          orin_engine("trt-orin-jp6", "36.4.0", "10.3.0.30.post1"),
          forward_compatible_engine("trt-t4-not-lean", true),
          forward_compatible_engine("trt-t4-lean", false),
          same_capability,
          server_engine("trt-t4-older", "tesla-t4", "7.5", "10.9.0.34"),
          server_engine("trt-l4", "nvidia-l4", "8.9", "10.3.0.26"),
          server_engine("trt-t4", "tesla-t4", "7.5", "10.12.0.36")};
}

Decision decide_on(const EnvironmentDescription& machine, const LoadOptions& options = {}) {
  return decide(packages_for_all_machines(), options, machine);
}

std::map<std::string, std::string> reasons(const Decision& decision) {
  std::map<std::string, std::string> reasons;
  for (const Rejection& rejection : decision.rejections) reasons[rejection.package_id] = rejection.reason;
  return reasons;
}

void disable(EnvironmentDescription& machine, std::string_view name) {
  for (BackendDescription& backend : machine.backends) {
    if (backend.name == name) backend = missing_backend(std::string(name));
  }
}

const char* const kOtherGpu = "The TensorRT engine was compiled for another GPU.";
const char* const kOtherCapability = "The TensorRT engine was compiled for GPUs of another compute capability.";
const char* const kOtherVersion = "The TensorRT engine runs only with the version of TensorRT that compiled it.";
const char* const kNotLean =
    "The TensorRT engine comes without its lean runtime; running such engines is not supported.";
const char* const kNoJetson =
    "The TensorRT engine was compiled for a Jetson, and no version of Jetson Linux (L4T) is known here.";
const char* const kOtherL4t = "The TensorRT engine was compiled for another version of Jetson Linux (L4T).";
const char* const kNotOnCpu = "The quantization is not among the default ones for the device: unknown, fp32, bf16.";

TEST(OnATeslaT4, TheExactEngineGoesFirstThenTorchThenOnnx) {
  const Decision decision = decide_on(recorded_machine("tesla_t4"));
  EXPECT_THAT(ranked_ids(decision),
              ElementsAre("trt-t4", "trt-turing", "trt-t4-lean", "torch-fp32", "onnx-fp16", "onnx-fp32"));
  EXPECT_EQ(reasons(decision), (std::map<std::string, std::string>{{"trt-orin-jp5", kNoJetson},
                                                                   {"trt-orin-jp6", kNoJetson},
                                                                   {"trt-t4-not-lean", kNotLean},
                                                                   {"trt-t4-older", kOtherVersion},
                                                                   {"trt-l4", kOtherGpu}}));
}

TEST(OnAnL4, ItsOwnEngineGoesFirstThenTorchThenOnnx) {
  const Decision decision = decide_on(recorded_machine("l4"));
  EXPECT_THAT(ranked_ids(decision), ElementsAre("trt-l4", "torch-fp32", "onnx-fp16", "onnx-fp32"));
  EXPECT_EQ(reasons(decision), (std::map<std::string, std::string>{{"trt-orin-jp5", kNoJetson},
                                                                   {"trt-orin-jp6", kNoJetson},
                                                                   {"trt-t4-not-lean", kOtherGpu},
                                                                   {"trt-t4-lean", kOtherGpu},
                                                                   {"trt-turing", kOtherCapability},
                                                                   {"trt-t4-older", kOtherGpu},
                                                                   {"trt-t4", kOtherGpu}}));
}

TEST(OnAJetsonOrin, TheEngineOfItsL4tGoesFirstThenTorchThenOnnx) {
  const Decision decision = decide_on(recorded_machine("jetson_orin"));
  EXPECT_THAT(ranked_ids(decision), ElementsAre("trt-orin-jp6", "torch-fp32", "onnx-fp16", "onnx-fp32"));
  EXPECT_EQ(reasons(decision), (std::map<std::string, std::string>{{"trt-orin-jp5", kOtherL4t},
                                                                   {"trt-t4-not-lean", kOtherGpu},
                                                                   {"trt-t4-lean", kOtherGpu},
                                                                   {"trt-turing", kOtherCapability},
                                                                   {"trt-t4-older", kOtherGpu},
                                                                   {"trt-l4", kOtherGpu},
                                                                   {"trt-t4", kOtherGpu}}));
}

TEST(OnAMachineWithoutAGpu, TorchGoesFirstThenOnnx) {
  const Decision decision = decide_on(recorded_machine("cpu_only"));
  EXPECT_THAT(ranked_ids(decision), ElementsAre("torch-fp32", "onnx-fp32"));
  EXPECT_EQ(decision.rejections.size(), 9U);
  for (const auto& [id, reason] : reasons(decision)) EXPECT_EQ(reason, kNotOnCpu) << id;  // engines are fp16 here
}

TEST(OnAMachineWithoutAGpu, AnEngineInFp32LacksItsBackend) {
  const Rejection rejection = rejection_of(trt_package("a", Quantization::fp32), {}, recorded_machine("cpu_only"));
  EXPECT_EQ(rejection.stage, NegotiationStage::runtime);
  EXPECT_THAT(rejection.reason, HasSubstr("Install the package inference-exp-backend-trt"));
}

TEST(OnAMachineWithoutAGpu, OnnxServesWhereTorchIsMissing) {
  EnvironmentDescription machine = recorded_machine("cpu_only");
  disable(machine, "torch");
  EXPECT_THAT(ranked_ids(decide_on(machine)), ElementsAre("onnx-fp32"));
}

TEST(OnEveryGpuMachine, TorchAndThenOnnxTakeOverWhereBackendsAreMissing) {
  for (const char* name : {"tesla_t4", "l4", "jetson_orin"}) {
    EnvironmentDescription machine = recorded_machine(name);
    disable(machine, "trt");
    EXPECT_THAT(ranked_ids(decide_on(machine)), ElementsAre("torch-fp32", "onnx-fp16", "onnx-fp32")) << name;
    disable(machine, "torch");
    EXPECT_THAT(ranked_ids(decide_on(machine)), ElementsAre("onnx-fp16", "onnx-fp32")) << name;
    disable(machine, "onnx");
    const Decision nothing = decide_on(machine);
    EXPECT_THAT(nothing.ranked, IsEmpty()) << name;
    for (const auto& [id, reason] : reasons(nothing)) EXPECT_THAT(reason, HasSubstr("cannot be used here")) << id;
  }
}

TEST(OnEveryGpuMachine, TheCpuTakesNoEngineAndNoFp16) {
  for (const char* name : {"tesla_t4", "l4", "jetson_orin"}) {
    const Decision decision = decide_on(recorded_machine(name), on_device("cpu"));
    EXPECT_THAT(ranked_ids(decision), ElementsAre("torch-fp32", "onnx-fp32")) << name;
    EXPECT_EQ(reasons(decision).at("onnx-fp16"), kNotOnCpu) << name;
  }
}

TEST(OnEveryGpuMachine, AnyQuantizationOnTheCpuStillTakesNoEngine) {
  LoadOptions options = on_device("cpu");
  options.quantization = std::vector<Quantization>{};
  const Decision decision = decide_on(recorded_machine("tesla_t4"), options);
  EXPECT_THAT(ranked_ids(decision), ElementsAre("torch-fp32", "onnx-fp16", "onnx-fp32"));
  EXPECT_EQ(reasons(decision).at("trt-t4"), kOtherGpu);
}

TEST(OnEveryGpuMachine, TheFirstGpuIsTheOnlyOne) {
  for (const char* name : {"tesla_t4", "l4", "jetson_orin"}) {
    const EnvironmentDescription machine = recorded_machine(name);
    EXPECT_EQ(ranked_ids(decide_on(machine, on_device("cuda:0"))), ranked_ids(decide_on(machine))) << name;
    EXPECT_THROW((void)decide_on(machine, on_device("cuda:1")), ModelPackageNegotiationError) << name;
  }
}

TEST(OnATeslaT4, Int8IsTakenOnlyWhereItIsAskedFor) {
  std::vector<PackageMetadata> packages = packages_for_all_machines();
  packages.push_back(server_engine("trt-t4-int8", "tesla-t4", "7.5", "10.12.0.36"));
  packages.back().quantization = Quantization::int8;
  const EnvironmentDescription machine = recorded_machine("tesla_t4");
  EXPECT_EQ(ranked_ids(decide(packages, {}, machine)).front(), "trt-t4");
  LoadOptions options;
  options.quantization = std::vector{Quantization::int8, Quantization::fp16};
  EXPECT_THAT(ranked_ids(decide(packages, options, machine)),
              ElementsAre("trt-t4-int8", "trt-t4", "trt-turing", "trt-t4-lean", "onnx-fp16"));
}

TEST(OnATeslaT4, WithoutHostCodeNoForwardCompatibleEngineRuns) {
  LoadOptions options;
  options.trt_engine_host_code_allowed = false;
  const Decision decision = decide_on(recorded_machine("tesla_t4"), options);
  EXPECT_THAT(reasons(decision).at("trt-t4-lean"), HasSubstr("not allowed"));
  EXPECT_EQ(ranked_ids(decision).front(), "trt-t4");
}

TEST(OnATeslaT4, AfterAnUpdateOfTensorRtOnlyTheForwardCompatibleEngineIsLeft) {
  EnvironmentDescription machine = recorded_machine("tesla_t4");
  machine.machine.trt_version = "10.13.3.9";
  EXPECT_THAT(ranked_ids(decide_on(machine)), ElementsAre("trt-t4-lean", "torch-fp32", "onnx-fp16", "onnx-fp32"));
}

TEST(OnAJetsonOrin, L4tIsComparedToItsMinorVersion) {
  EnvironmentDescription machine = recorded_machine("jetson_orin");
  machine.machine.l4t_version = "36.3.0";
  EXPECT_EQ(reasons(decide_on(machine)).at("trt-orin-jp6"), kOtherL4t);
  machine.machine.l4t_version = "35.4.1";
  machine.machine.trt_version = "8.5.2.2-1";
  EXPECT_EQ(ranked_ids(decide_on(machine)).front(), "trt-orin-jp5");
}

TEST(OnAJetsonOrin, AnotherTensorRtLeavesTorch) {
  EnvironmentDescription machine = recorded_machine("jetson_orin");
  machine.machine.trt_version = "10.7.0.23-1";
  const Decision decision = decide_on(machine);
  EXPECT_EQ(ranked_ids(decision).front(), "torch-fp32");
  EXPECT_EQ(reasons(decision).at("trt-orin-jp6"), kOtherVersion);
}

TEST(OnAJetsonOrin, AnUnreadableL4tRulesItsEnginesOut) {
  EnvironmentDescription machine = recorded_machine("jetson_orin");
  machine.machine.l4t_version = "unknown";
  const auto why = reasons(decide_on(machine));
  EXPECT_THAT(why, IsSupersetOf({std::pair<const std::string, std::string>{"trt-orin-jp6", kNoJetson}}));
}

}  // namespace
}  // namespace inference_exp::testing
