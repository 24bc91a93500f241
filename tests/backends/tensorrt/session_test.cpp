// Opening engines: what a session shows, and what is refused.
#include "backends/tensorrt/fixture.hpp"

namespace inference_exp::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TensorRtSession : public TensorRtTest {
 protected:
  template <typename Exception>
  [[nodiscard]] std::string refusal(const StandInPlan& plan, const runtime::NetworkOptions& network = {},
                                    const SessionOptions& options = {}) const {
    return thrown<Exception>([&] { (void)open(plan, network, options); });
  }
  template <typename Exception>
  [[nodiscard]] std::string refusal(const SessionOptions& options) const {
    return refusal<Exception>(scaling_plan(), {}, options);
  }
  /// The text of the refusal of scaling_plan's network with another input or output.
  [[nodiscard]] std::string io_refusal(IoTensor tensor) const {
    StandInPlan plan = scaling_plan();
    plan.io.push_back(std::move(tensor));
    return refusal<CorruptedModelPackageError>(plan);
  }
};

TEST_F(TensorRtSession, ShowsPortsDeviceVersionAndBatch) {
  const StandInPlan plan{
      .io = {input_tensor("images", ElementType::f16, {-1, 3, 4, 4}, {{{1, 3, 4, 4}, {4, 3, 4, 4}, {8, 3, 4, 4}}}),
             output_tensor("boxes", ElementType::f32, {-1, 300, 4}),
             output_tensor("labels", ElementType::i32, {-1, 300})}};
  const Opened session = open(plan);
  ASSERT_EQ(session->inputs().size(), 1U);
  EXPECT_EQ(session->inputs()[0].name, "images");
  EXPECT_EQ(session->inputs()[0].dtype, DType::f16);
  EXPECT_EQ(session->inputs()[0].shape, (Shape{-1, 3, 4, 4}));
  ASSERT_EQ(session->outputs().size(), 2U);
  EXPECT_EQ(session->outputs()[1].name, "labels");
  EXPECT_EQ(session->outputs()[1].dtype, DType::i32);
  EXPECT_EQ(session->outputs()[1].shape, (Shape{-1, 300}));
  EXPECT_EQ(session->metadata().at("runtime.device"), "cuda:0");
  EXPECT_EQ(session->metadata().at("runtime.version"), kStandInTensorRtVersion);
  EXPECT_EQ(session->metadata().at("runtime.batch_min"), "1");
  EXPECT_EQ(session->metadata().at("runtime.batch_opt"), "4");
  EXPECT_EQ(session->metadata().at("runtime.batch_max"), "8");
  EXPECT_EQ(session->cuda_device(), 0);
}

TEST_F(TensorRtSession, AFixedBatchIsItsOwnRange) {
  const Opened session =
      open({.io = {input_tensor("x", ElementType::f32, {3, 2}), output_tensor("y", ElementType::f32, {3, 2})}});
  EXPECT_EQ(session->metadata().at("runtime.batch_min"), "3");
  EXPECT_EQ(session->metadata().at("runtime.batch_max"), "3");
}

TEST_F(TensorRtSession, TheFirstProfileGivesTheBatch) {
  StandInPlan plan = scaling_plan();
  plan.io[0].profiles.push_back({{9, 2}, {16, 2}, {32, 2}});
  EXPECT_EQ(open(plan)->metadata().at("runtime.batch_max"), "8");
}

TEST_F(TensorRtSession, OpensOnTheDeviceThatIsAskedFor) {
  EXPECT_EQ(open(scaling_plan(), {}, {.device = "cuda"})->cuda_device(), 0);
  const Opened session = open(scaling_plan(), {}, {.device = "cuda:1"});
  EXPECT_EQ(session->cuda_device(), 1);
  EXPECT_EQ(session->metadata().at("runtime.device"), "cuda:1");
  const auto request = session->create_request();
  EXPECT_EQ(run(*request, {1, 2}), scaled({1, 2}));
}

TEST_F(TensorRtSession, DevicesThatAreNotThereAreRefused) {
  EXPECT_THAT(refusal<EnvironmentConfigurationError>({.device = "cpu"}), HasSubstr("NVIDIA GPUs only"));
  EXPECT_THAT(refusal<EnvironmentConfigurationError>({.device = "cuda:2"}),
              AllOf(HasSubstr("cuda:2"), HasSubstr("cuda:0 to cuda:1")));
  for (const std::string device : {"tpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:99999999999999"}) {
    EXPECT_THAT(refusal<InvalidParameterError>({.device = device}), HasSubstr("\"" + device + "\""));
  }
  driver_.set_devices(1, "Stand-in GPU", 8, 6);
  EXPECT_THAT(refusal<EnvironmentConfigurationError>({.device = "cuda:1"}), HasSubstr("only cuda:0"));
  driver_.set_devices(0, "", 0, 0);
  EXPECT_THAT(refusal<EnvironmentConfigurationError>(SessionOptions{}), HasSubstr("no CUDA device"));
}

TEST_F(TensorRtSession, WhatTensorRtHasNoUseForIsRefused) {
  EXPECT_THAT(refusal<InvalidParameterError>({.execution_providers = {{"CUDAExecutionProvider", {}}}}),
              HasSubstr("xecution providers"));
  EXPECT_THAT(refusal<InvalidParameterError>({.intra_op_threads = 2}), HasSubstr("thread count"));
  EXPECT_THAT(refusal<InvalidParameterError>({.inter_op_threads = 1}), HasSubstr("thread count"));
  EXPECT_THAT(refusal<InvalidParameterError>({.precision = "float16"}), HasSubstr("float16"));
  EXPECT_THAT(refusal<InvalidParameterError>(scaling_plan(), {{"architecture", "rfdetr"}}), HasSubstr("architecture"));
  EXPECT_THAT(refusal<InvalidParameterError>(scaling_plan(), {{"cuda_graphs", "yes"}}), HasSubstr("\"on\""));
  EXPECT_THAT(refusal<InvalidParameterError>(scaling_plan(), {{"host_code", ""}}), HasSubstr("\"allowed\""));
}

TEST_F(TensorRtSession, SettingsThatChangeNothingAreTaken) {
  EXPECT_NO_THROW((void)open(scaling_plan(), {{"cuda_graphs", "off"}, {"host_code", "allowed"}}));
  EXPECT_NO_THROW((void)open(scaling_plan(), {}, {.allow_spinning = false}));
}

TEST_F(TensorRtSession, AMissingTensorRtIsToldBeforeAMissingFile) {
  trt_.fail("library", IEXP_ERROR_MISSING_DEPENDENCY);
  EXPECT_THROW((void)runtime::open_session("trt", folder_ / "none.plan", {}, plugin_folders()), MissingDependencyError);
}

TEST_F(TensorRtSession, APlanOfAnotherVersionIsRefused) {
  StandInPlan plan = scaling_plan();
  for (const char* version : {"10.2.0.19", "10.3.0.25", "10.4.0.26"}) {
    plan.version = version;
    EXPECT_THAT(refusal<EnvironmentConfigurationError>(plan),
                AllOf(HasSubstr(version), HasSubstr(kStandInTensorRtVersion), HasSubstr("ompile the model again"),
                      HasSubstr("engine.plan")));
  }
}

TEST_F(TensorRtSession, AVersionCompatiblePlanRunsOnLaterVersions) {
  StandInPlan plan = scaling_plan();
  plan.version_compatible = true;
  plan.version = "10.2.0.19";
  const Opened session = open(plan);
  EXPECT_EQ(run(*session->create_request(), {3, 4}), scaled({3, 4}));
  plan.version = "10.4.0.1";
  EXPECT_THAT(refusal<EnvironmentConfigurationError>(plan), HasSubstr("10.4.0.1"));
}

TEST_F(TensorRtSession, HostCodeIsRefusedWhereItIsNotAllowed) {
  StandInPlan plan = scaling_plan();
  plan.version_compatible = true;
  EXPECT_THAT(refusal<EnvironmentConfigurationError>(plan, {{"host_code", "refused"}}), HasSubstr("host code"));
  EXPECT_NO_THROW((void)open(plan, {{"host_code", "allowed"}}));
  EXPECT_NO_THROW((void)open(scaling_plan(), {{"host_code", "refused"}})) << "a plan without host code";
}

TEST_F(TensorRtSession, BadFilesAreCorruptedPackages) {
  const auto refuse_file = [&](const std::filesystem::path& file) {
    return thrown<CorruptedModelPackageError>([&] { (void)runtime::open_session("trt", file, {}, plugin_folders()); });
  };
  EXPECT_THAT(refuse_file(folder_ / "none.plan"), AllOf(HasSubstr("none.plan"), HasSubstr("missing")));
  EXPECT_THAT(refuse_file(folder_.path()), HasSubstr("not a regular file"));
  const auto refuse_bytes = [&](std::string_view bytes) {
    return thrown<CorruptedModelPackageError>([&] { (void)open_bytes(bytes); });
  };
  EXPECT_THAT(refuse_bytes(""), HasSubstr("empty"));
  EXPECT_THAT(refuse_bytes("This is not an engine."), HasSubstr("engine.plan"));
  const std::string whole = plan_text(scaling_plan());
  for (const std::size_t size : {std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(refuse_bytes(whole.substr(0, size)), HasSubstr("engine.plan"));
  }
}

TEST_F(TensorRtSession, AFileThatIsTooLargeIsNotRead) {
  std::ofstream(file_, std::ios::binary) << "x";
  std::filesystem::resize_file(file_, (std::uintmax_t{16} << 30U) + 1);  // sparse: takes no room
  EXPECT_THAT(
      thrown<CorruptedModelPackageError>([&] { (void)runtime::open_session("trt", file_, {}, plugin_folders()); }),
      HasSubstr("the limit is"));
}

TEST_F(TensorRtSession, TensorsThatNobodyCanUseAreRefused) {
  IoTensor on_host = input_tensor("shape", ElementType::i32, {2});
  on_host.on_host = true;
  EXPECT_THAT(io_refusal(on_host), AllOf(HasSubstr("\"shape\""), HasSubstr("shape tensor")));
  IoTensor packed = output_tensor("packed", ElementType::f16, {-1, 32});
  packed.linear = false;
  EXPECT_THAT(io_refusal(packed), AllOf(HasSubstr("output \"packed\""), HasSubstr("memory layout")));
  EXPECT_THAT(io_refusal(output_tensor("exotic", ElementType::other, {-1, 32})), HasSubstr("element type"));
  EXPECT_THAT(io_refusal(input_tensor("open", ElementType::f32, {-1, 2})), HasSubstr("no optimisation profile"));
}

TEST_F(TensorRtSession, WhatTensorRtReportsAtOpeningHasItsClass) {
  trt_.fail("deserialize", IEXP_ERROR_DEVICE_MEMORY);
  EXPECT_THAT(refusal<OutOfDeviceMemoryError>(scaling_plan()), HasSubstr("engine.plan"));
  trt_.fail("deserialize", IEXP_ERROR_MODEL_RUNTIME);
  EXPECT_THAT(refusal<ModelRuntimeError>(scaling_plan()), HasSubstr("engine.plan"));
  EXPECT_NO_THROW((void)open(scaling_plan()));
}

TEST_F(TensorRtSession, AContextOfTheDriverThatCannotBeHadIsAnError) {
  driver_.fail("cuCtxPushCurrent_v2", 2);
  EXPECT_THROW((void)open(scaling_plan()), OutOfDeviceMemoryError);
  EXPECT_NO_THROW((void)open(scaling_plan()));
}

TEST_F(TensorRtSession, OpeningTakesNoContextYet) {
  const Opened session = open(scaling_plan());
  EXPECT_EQ(trt_.live_engines(), 1);
  EXPECT_EQ(trt_.live_contexts(), 0);
}

}  // namespace
}  // namespace inference_exp::test
