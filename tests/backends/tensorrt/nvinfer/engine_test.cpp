// Engines of NVIDIA's library: what they tell of themselves, runs, and every way in which they fail.
#include <algorithm>
#include <cstring>
#include <thread>

#include "backends/tensorrt/nvinfer/fixture.hpp"

namespace inference_exp::test {
namespace {

using tensorrt::Engine;
using tensorrt::ExecutionContext;
using tensorrt::IoTensor;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class NvInferEngine : public NvInferTest {
 protected:
  [[nodiscard]] static std::string refusal(std::int32_t code, const StandInPlan& plan) {
    return failure(code, [&] { (void)deserialize(plan); });
  }
  [[nodiscard]] std::string report_refusal(std::int32_t code, std::int32_t reported, std::string_view report) const {
    nvinfer_.fail("deserializeCudaEngine", reported, report);
    return refusal(code, two_profiles());
  }
};

TEST_F(NvInferEngine, TellsItsInputsOutputsAndProfiles) {
  StandInPlan plan = two_profiles();
  plan.context_memory = 4096;
  plan.io.push_back(output_tensor("labels", ElementType::i64, {-1}));
  const auto engine = deserialize(plan);
  EXPECT_EQ(engine->profile_count(), 2);
  EXPECT_EQ(engine->context_memory(), 4096U);
  const std::vector<IoTensor> io = engine->io();
  ASSERT_EQ(io.size(), 3U);
  EXPECT_EQ(io[0].name, "x");
  EXPECT_TRUE(io[0].is_input);
  EXPECT_EQ(io[0].type, ElementType::f32);
  EXPECT_THAT(io[0].shape, ElementsAre(-1, 2));
  ASSERT_EQ(io[0].profiles.size(), 2U);
  EXPECT_THAT(io[0].profiles[1].min, ElementsAre(2, 2));
  EXPECT_THAT(io[0].profiles[1].opt, ElementsAre(4, 2));
  EXPECT_THAT(io[0].profiles[1].max, ElementsAre(8, 2));
  EXPECT_FALSE(io[1].is_input);
  EXPECT_THAT(io[1].profiles, IsEmpty());
  EXPECT_EQ(io[2].type, ElementType::i64);
}

TEST_F(NvInferEngine, AFixedInputHasItsOwnShapeInEveryProfile) {
  StandInPlan plan = two_profiles();
  plan.io.push_back(input_tensor("scale", ElementType::f32, {3, 1}));
  const IoTensor scale = deserialize(plan)->io()[2];
  ASSERT_EQ(scale.profiles.size(), 2U);
  EXPECT_THAT(scale.profiles[0].min, ElementsAre(3, 1));
  EXPECT_THAT(scale.profiles[1].max, ElementsAre(3, 1));
}

TEST_F(NvInferEngine, EveryElementTypeHasItsName) {
  StandInPlan plan = two_profiles();
  const std::vector<ElementType> types{ElementType::f16, ElementType::bf16,    ElementType::i8,   ElementType::i32,
                                       ElementType::u8,  ElementType::boolean, ElementType::other};
  for (const ElementType type : types)
    plan.io.push_back(output_tensor("t" + std::to_string(plan.io.size()), type, {1}));
  const std::vector<IoTensor> io = deserialize(plan)->io();
  for (std::size_t i = 0; i < types.size(); ++i) EXPECT_EQ(io[i + 2].type, types[i]) << i;
}

TEST_F(NvInferEngine, ShapeTensorsAndPackedLayoutsAreTold) {
  StandInPlan plan = two_profiles();
  plan.io.push_back(input_tensor("sizes", ElementType::i32, {2}));
  plan.io.back().on_host = true;
  plan.io.push_back(output_tensor("packed", ElementType::i8, {1, 4}));
  plan.io.back().linear = false;
  const std::vector<IoTensor> io = deserialize(plan)->io();
  EXPECT_TRUE(io[2].on_host);
  EXPECT_THAT(io[2].profiles, IsEmpty());
  EXPECT_TRUE(io[0].linear);
  EXPECT_FALSE(io[3].linear) << "in one profile is enough";
}

TEST_F(NvInferEngine, AScalarHasNoDimensions) {
  StandInPlan plan = two_profiles();
  plan.io.push_back(output_tensor("count", ElementType::i32, {}));
  EXPECT_THAT(deserialize(plan)->io()[2].shape, IsEmpty());
}

TEST_F(NvInferEngine, RunsOnAStream) {
  const auto engine = deserialize(two_profiles());
  const auto context = engine->create_context();
  const cuda::Context& device = cuda::Context::of_device(0);
  const cuda::Stream stream(device);
  cuda::DeviceBuffer input(device);
  cuda::DeviceBuffer output(device);
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  input.reserve(values.size() * sizeof(float));
  output.reserve(values.size() * sizeof(float));
  context->set_profile(1, stream.handle());
  context->set_input_shape("x", Dimensions{3, 2});
  EXPECT_THAT(context->shape("y"), ElementsAre(3, 2));
  context->set_address("x", input.data());
  context->set_address("y", output.data());
  cuda::copy_to_device(input.address(), values.data(), values.size() * sizeof(float), stream.handle());
  context->enqueue(stream.handle());
  cuda::copy_to_host(values.data(), output.address(), values.size() * sizeof(float), stream.handle());
  stream.synchronize();
  EXPECT_THAT(values, ElementsAre(3, 5, 7, 9, 11, 13));
}

TEST_F(NvInferEngine, DataDependentOutputsKeepTheirUnknownSize) {
  StandInPlan plan = two_profiles();
  plan.data_dependent = {"y"};
  const auto engine = deserialize(plan);
  const auto context = engine->create_context();
  context->set_input_shape("x", Dimensions{1, 2});
  EXPECT_THAT(context->shape("y"), ElementsAre(-1, 2));
}

/// The engine stays as long as what it made, and so does its runtime.
TEST_F(NvInferEngine, AContextMayOutliveItsEngine) {
  auto engine = deserialize(two_profiles());
  const auto context = engine->create_context();
  engine.reset();
  context->set_input_shape("x", Dimensions{1, 2});
  EXPECT_THAT(context->shape("x"), ElementsAre(1, 2));
}

TEST_F(NvInferEngine, APlanOfAnotherVersionIsToldWithBothVersions) {
  StandInPlan plan = two_profiles();
  plan.version = "10.0.1.6";
  EXPECT_THAT(
      refusal(IEXP_ERROR_ENVIRONMENT, plan),
      AllOf(HasSubstr("built with TensorRT 10.0.1.6; this machine has 10.3.0.26"), HasSubstr("inference-exp compile")));
}

TEST_F(NvInferEngine, TheVersionsAreFoundInEitherOrder) {
  const char* report = "not compatible, expecting library version 8.6.1.6 got 10.3.0.26, please rebuild.";
  EXPECT_THAT(report_refusal(IEXP_ERROR_ENVIRONMENT, kUnspecified, report),
              HasSubstr("built with TensorRT 8.6.1.6; this machine has 10.3.0.26"));
}

TEST_F(NvInferEngine, TagsThatDoNotMatchAreOfAnotherVersionToo) {
  const char* version =
      "Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed. Version tag does not match.";
  EXPECT_THAT(report_refusal(IEXP_ERROR_ENVIRONMENT, kUnspecified, version),
              AllOf(HasSubstr("another version of TensorRT; this machine has 10.3.0.26"), HasSubstr("Version tag")));
  const char* magic = "Serialization assertion magicTagRead == kMAGIC_TAG failed. Magic tag does not match";
  EXPECT_THAT(report_refusal(IEXP_ERROR_ENVIRONMENT, kLoggerOnly, magic), HasSubstr("or is damaged"));
}

TEST_F(NvInferEngine, APlanForAnotherGpuIsToldWithBothCapabilities) {
  nvinfer_.refuse_plans_for("7.5");
  EXPECT_THAT(refusal(IEXP_ERROR_ENVIRONMENT, two_profiles()), HasSubstr("compute capability 7.5; this one has 8.6"));
  nvinfer_.refuse_plans_for("");
  EXPECT_THAT(report_refusal(IEXP_ERROR_ENVIRONMENT, kUnspecified, "generated on an incompatible platform"),
              HasSubstr("another GPU or system"));
}

TEST_F(NvInferEngine, HostCodeRunsOnlyWhereItIsAllowed) {
  StandInPlan plan = two_profiles();
  plan.version_compatible = true;
  plan.version = "10.0.1.6";
  EXPECT_THAT(refusal(IEXP_ERROR_ENVIRONMENT, plan), HasSubstr("not allowed"));
  EXPECT_EQ(deserialize(plan, true)->profile_count(), 2);
  EXPECT_THAT(refusal(IEXP_ERROR_ENVIRONMENT, plan), HasSubstr("not allowed")) << "it holds for one engine";
}

TEST_F(NvInferEngine, WhatIsNoPlanIsCorrupted) {
  const auto open = [] { (void)deserialize(std::string_view("no plan")); };
  EXPECT_THAT(failure(IEXP_ERROR_CORRUPTED_PACKAGE, open), HasSubstr("this is no stand-in plan"));
  EXPECT_THAT(report_refusal(IEXP_ERROR_CORRUPTED_PACKAGE, kUnspecified, ""), HasSubstr("gave no reason"));
}

TEST_F(NvInferEngine, MemoryThatRunsOutIsToldFromCodeOrText) {
  EXPECT_THAT(report_refusal(IEXP_ERROR_DEVICE_MEMORY, kFailedAllocation, "no room"),
              AllOf(HasSubstr("no room"), HasSubstr("free memory of the GPU")));
  EXPECT_THAT(report_refusal(IEXP_ERROR_DEVICE_MEMORY, kLoggerOnly, "Cuda Runtime (out of memory)"),
              HasSubstr("Cuda Runtime"));
  EXPECT_EQ(deserialize(two_profiles())->profile_count(), 2) << "the next one is told nothing of the last";
}

TEST_F(NvInferEngine, ARuntimeThatDoesNotStartIsAnError) {
  nvinfer_.fail("createInferRuntime", kUnspecified, "the driver is too old");
  EXPECT_THAT(refusal(IEXP_ERROR_MODEL_RUNTIME, two_profiles()), HasSubstr("the driver is too old"));
}

TEST_F(NvInferEngine, EveryCallOfAContextCanFail) {
  const auto engine = deserialize(two_profiles());
  const auto context = engine->create_context();
  const auto expect_failure = [&](const char* call, auto&& body) {
    nvinfer_.fail(call, kInvalidArgument, "it was told to fail");
    EXPECT_THAT(failure(IEXP_ERROR_MODEL_RUNTIME, body), HasSubstr("it was told to fail")) << call;
    nvinfer_.fail(call, kFailedAllocation, "no room");
    EXPECT_THAT(failure(IEXP_ERROR_DEVICE_MEMORY, body), HasSubstr("no room")) << call;
  };
  expect_failure("createExecutionContext", [&] { (void)engine->create_context(); });
  expect_failure("getIOTensorName", [&] { (void)engine->io(); });
  expect_failure("setOptimizationProfileAsync", [&] { context->set_profile(0, nullptr); });
  expect_failure("setInputShape", [&] { context->set_input_shape("x", Dimensions{1, 2}); });
  expect_failure("getTensorShape", [&] { (void)context->shape("y"); });
  expect_failure("setTensorAddress", [&] { context->set_address("x", nullptr); });
  expect_failure("enqueueV3", [&] { context->enqueue(nullptr); });
}

TEST_F(NvInferEngine, WhatTensorRtSaysOfAShapeArrives) {
  const auto engine = deserialize(two_profiles());
  const auto context = engine->create_context();
  const auto set = [&](const Dimensions& shape) { context->set_input_shape("x", shape); };
  EXPECT_THAT(failure(IEXP_ERROR_MODEL_RUNTIME,
                      [&] {
                        set({9, 2});
                      }),
              AllOf(HasSubstr("\"x\""), HasSubstr("out of the profile's range")));
  EXPECT_THAT(failure(IEXP_ERROR_INVALID_PARAMETER, [&] { set({1, 1, 1, 1, 1, 1, 1, 1, 1}); }), HasSubstr("eight"));
}

/// Two threads that fail at once each hear of their own.
TEST_F(NvInferEngine, ReportsBelongToTheirThread) {
  const auto fail_often = [](const char* version) {
    StandInPlan plan = two_profiles();
    plan.version = version;
    for (int i = 0; i < 50; ++i) {
      const std::string text = refusal(IEXP_ERROR_ENVIRONMENT, plan);
      EXPECT_THAT(text, HasSubstr(std::string("built with TensorRT ") + version));
      EXPECT_EQ(text.find("expecting"), text.rfind("expecting")) << text;
    }
  };
  std::thread other([&] { fail_often("10.1.0.27"); });
  fail_often("10.2.0.19");
  other.join();
}

}  // namespace
}  // namespace inference_exp::test
