// Building engines with NVIDIA's library and parser.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <tuple>

#include "backends/tensorrt/nvinfer/fixture.hpp"
#include "tensorrt/nvinfer_builder.hpp"
#include "tensorrt/nvinfer_library.hpp"

namespace inference_exp::test {
namespace {

using tensorrt::BuildRequest;
using tensorrt::BuiltEngine;
using tensorrt::Precision;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class NvInferBuild : public NvInferTest {
 protected:
  NvInferBuild() { write(network({-1, 3, 2, 2})); }

  [[nodiscard]] static StandInPlan network(Dimensions images) {
    StandInPlan plan{
        .io = {input_tensor("images", ElementType::f32, images), output_tensor("out", ElementType::f32, images)}};
    plan.io[0].profiles.clear();
    return plan;
  }
  void write(const StandInPlan& plan) const { std::ofstream(file_, std::ios::binary) << onnx_text(plan); }

  [[nodiscard]] BuildRequest request() const {
    BuildRequest request;
    request.onnx_file = file_;
    request.profiles = {{.input = "images", .shapes = {{1, 3, 2, 2}, {4, 3, 2, 2}, {8, 3, 2, 2}}}};
    return request;
  }
  /// With two batches of 4, of ones and of twos.
  [[nodiscard]] BuildRequest int8(int batches = 2) const {
    BuildRequest wanted = request();
    wanted.precision = Precision::int8;
    wanted.calibration.batch_size = 4;
    wanted.calibration.next_batch = [batches, given = 0](std::span<std::byte> batch) mutable {
      if (given++ == batches) return false;
      std::vector<float> values(batch.size() / sizeof(float), static_cast<float>(given));
      std::memcpy(batch.data(), values.data(), batch.size());
      return true;
    };
    return wanted;
  }

  static StandInPlan build(const BuildRequest& request) {
    return parse_plan(text_of(tensorrt::library().build(request).plan));
  }
  [[nodiscard]] static std::string refusal(std::int32_t code, const BuildRequest& request) {
    return failure(code, [&] { (void)tensorrt::library().build(request); });
  }

  std::string file_ = (folder_ / "network.onnx").string();
};

TEST_F(NvInferBuild, TheParserTellsTheInputs) {
  StandInPlan plan = network({-1, 3, -1, -1});
  plan.io.push_back(input_tensor("scale", ElementType::f16, {2}));
  write(plan);
  const auto inputs = tensorrt::library().onnx_inputs(file_);
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_EQ(inputs[0].name, "images");
  EXPECT_EQ(inputs[0].type, ElementType::f32);
  EXPECT_THAT(inputs[0].shape, ElementsAre(-1, 3, -1, -1));
  EXPECT_EQ(inputs[1].type, ElementType::f16);
}

TEST_F(NvInferBuild, AnEngineHasTheProfileAndOpens) {
  const BuiltEngine built = tensorrt::library().build(request());
  const auto io = deserialize(text_of(built.plan))->io();
  ASSERT_EQ(io[0].profiles.size(), 1U);
  EXPECT_THAT(io[0].profiles[0].opt, ElementsAre(4, 3, 2, 2));
  EXPECT_THAT(io[0].profiles[0].max, ElementsAre(8, 3, 2, 2));
}

TEST_F(NvInferBuild, WithoutWishesNothingIsSet) {
  const StandInPlan plan = build(request());
  EXPECT_EQ(plan.build.at("flags"), "");
  EXPECT_EQ(plan.build.at("workspace_bytes"), "0");
  EXPECT_EQ(plan.build.at("hardware_level"), "0");
  EXPECT_EQ(plan.build.at("timing_cache"), "") << "an empty one, to be filled";
}

TEST_F(NvInferBuild, WishesBecomeFlagsAndLimits) {
  BuildRequest wanted = request();
  wanted.precision = Precision::fp16;
  wanted.workspace_bytes = 4096;
  wanted.version_compatible = true;
  const StandInPlan plan = build(wanted);
  EXPECT_EQ(plan.build.at("workspace_bytes"), "4096");
  EXPECT_EQ(plan.build.at("flags"), "13 0") << "kVERSION_COMPATIBLE, kFP16";
}

TEST_F(NvInferBuild, OneCapabilityNeedsALaterLibrary) {
  BuildRequest wanted = request();
  wanted.same_compute_capability = true;
  EXPECT_THAT(refusal(IEXP_ERROR_ENVIRONMENT, wanted), HasSubstr("10.9 or later; this is 10.3.0.26"));
  nvinfer_.set_version(100900);
  const tensorrt::NvInfer later = tensorrt::open_nvinfer(STAND_IN_NVINFER);
  const BuiltEngine built = build_onnx_engine(later, open_onnx_parser(later), wanted);
  EXPECT_EQ(parse_plan(text_of(built.plan)).build.at("hardware_level"), "2");
}

TEST_F(NvInferBuild, Int8CopiesEveryBatchToTheDevice) {
  const StandInPlan plan = build(int8());
  EXPECT_EQ(plan.build.at("flags"), "0 1") << "kFP16, kINT8";
  EXPECT_EQ(plan.build.at("calibration_batches"), "2");
  EXPECT_EQ(std::stod(plan.build.at("calibration_sum")), 4 * 3 * 2 * 2 * (1 + 2));
  EXPECT_EQ(plan.build.at("calibration_shape"), "4 3 2 2 ");
}

TEST_F(NvInferBuild, AFixedNetworkIsCalibratedAsItIs) {
  write(network({4, 3, 2, 2}));
  BuildRequest wanted = int8();
  wanted.profiles.clear();
  const StandInPlan plan = build(wanted);
  EXPECT_EQ(plan.build.at("calibration_batches"), "2");
  EXPECT_FALSE(plan.build.contains("calibration_shape"));
}

TEST_F(NvInferBuild, Int8NeedsImagesAndOneInput) {
  BuildRequest wanted = int8();
  wanted.calibration.next_batch = {};
  EXPECT_THAT(refusal(IEXP_ERROR_INVALID_PARAMETER, wanted), HasSubstr("needs images"));
  StandInPlan two = network({-1, 3, 2, 2});
  two.io.push_back(input_tensor("scale", ElementType::f32, {2}));
  write(two);
  EXPECT_THAT(refusal(IEXP_ERROR_INVALID_PARAMETER, int8()), HasSubstr("one input"));
}

TEST_F(NvInferBuild, FailuresDuringCalibrationArrive) {
  driver_.fail("cuMemAlloc_v2", cuda::kOutOfMemory);
  (void)refusal(IEXP_ERROR_DEVICE_MEMORY, int8());
  driver_.fail("cuMemcpyHtoDAsync_v2", cuda::kInvalidValue, 1);
  EXPECT_THAT(refusal(IEXP_ERROR_MODEL_RUNTIME, int8()), HasSubstr("cuMemcpyHtoDAsync"));
  BuildRequest throwing = int8();
  throwing.calibration.next_batch = [](std::span<std::byte>) -> bool {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "the picture is damaged");
  };
  EXPECT_THAT(refusal(IEXP_ERROR_CORRUPTED_PACKAGE, throwing), HasSubstr("damaged"));
}

TEST_F(NvInferBuild, ATimingCacheGoesInAndOut) {
  BuildRequest wanted = request();
  const BuiltEngine first = tensorrt::library().build(wanted);
  wanted.timing_cache = first.timing_cache;
  const BuiltEngine second = tensorrt::library().build(wanted);
  EXPECT_EQ(parse_plan(text_of(second.plan)).build.at("timing_cache"), "+");
  EXPECT_EQ(text_of(second.timing_cache), text_of(first.timing_cache) + "+");
}

TEST_F(NvInferBuild, ATimingCacheThatDoesNotFitIsLeftAlone) {
  BuildRequest wanted = request();
  for (const char* text : {"something else", "timing cache of the stand-in?"}) {
    wanted.timing_cache = bytes_of(text);
    EXPECT_EQ(build(wanted).build.at("timing_cache"), "") << text;
  }
  nvinfer_.fail("buildSerializedNetwork", kUnspecified, "no kernel");
  EXPECT_THAT(refusal(IEXP_ERROR_MODEL_RUNTIME, wanted), Not(HasSubstr("timing cache"))) << "that was not the reason";
}

TEST_F(NvInferBuild, PhasesAreToldWithTheirSteps) {
  using Step = std::tuple<std::string, int, int>;
  std::mutex mutex;
  std::vector<Step> steps;
  BuildRequest wanted = request();
  wanted.progress = [&](std::string_view phase, std::int32_t step, std::int32_t count) {
    const std::scoped_lock lock(mutex);
    steps.emplace_back(phase, step, count);
    return true;
  };
  (void)build(wanted);
  EXPECT_EQ(steps.size(), 9U);
  EXPECT_EQ(steps.front(), Step("Timing tactics", 0, 2));
  EXPECT_EQ(steps.back(), Step("Building Engine", 2, 3));
}

TEST_F(NvInferBuild, StopsWhereItIsToldTo) {
  for (int stop = 0; stop < 9; ++stop) {
    std::atomic<int> calls{0};
    BuildRequest wanted = request();
    wanted.progress = [&](std::string_view, std::int32_t, std::int32_t) { return calls++ != stop; };
    (void)refusal(IEXP_ERROR_CANCELLED, wanted);
    EXPECT_EQ(calls, stop + 1) << "who said stop is not asked again";
  }
}

TEST_F(NvInferBuild, WhatProgressThrowsComesOut) {
  BuildRequest wanted = request();
  wanted.progress = [](std::string_view, std::int32_t, std::int32_t) -> bool { throw std::runtime_error("a bug"); };
  EXPECT_THROW((void)tensorrt::library().build(wanted), std::runtime_error);
}

TEST_F(NvInferBuild, EveryStepOfTheBuilderCanFail) {
  const auto build_now = [&] { (void)tensorrt::library().build(request()); };
  for (const char* call : {"createInferBuilder", "createNetworkV2", "createBuilderConfig", "createOptimizationProfile",
                           "addOptimizationProfile", "buildSerializedNetwork"}) {
    nvinfer_.fail(call, kUnspecified, "it was told to fail");
    EXPECT_THAT(failure(IEXP_ERROR_MODEL_RUNTIME, build_now), HasSubstr("it was told to fail")) << call;
    nvinfer_.fail(call, kFailedAllocation, "Requested size was 1 GiB. (OutOfMemory)");
    EXPECT_THAT(failure(IEXP_ERROR_DEVICE_MEMORY, build_now), HasSubstr("1 GiB")) << call;
  }
  nvinfer_.fail("setDimensions", kUnspecified, "");
  EXPECT_THAT(failure(IEXP_ERROR_MODEL_RUNTIME, build_now), HasSubstr("refuses the shapes"));
}

TEST_F(NvInferBuild, ADynamicNetworkWithoutAProfileIsTheBuildersError) {
  BuildRequest wanted = request();
  wanted.profiles.clear();
  EXPECT_THAT(refusal(IEXP_ERROR_MODEL_RUNTIME, wanted), HasSubstr("no optimization profile"));
}

TEST_F(NvInferBuild, OperatorsThatTensorRtLacksAreNamed) {
  StandInPlan plan = network({-1, 3, 2, 2});
  plan.operation = "NonMaxSuppressionV9";
  write(plan);
  EXPECT_THAT(refusal(IEXP_ERROR_MODEL_RUNTIME, request()),
              AllOf(HasSubstr("network.onnx"), HasSubstr("NonMaxSuppressionV9 \"node_4\": no importer"),
                    Not(HasSubstr("node_5")), HasSubstr("and 2 more"), HasSubstr("onnx backend")));
}

TEST_F(NvInferBuild, AFileThatIsNoNetworkIsCorrupted) {
  std::ofstream(file_) << "no network";
  EXPECT_THAT(refusal(IEXP_ERROR_CORRUPTED_PACKAGE, request()), HasSubstr("this is no stand-in onnx"));
  EXPECT_THAT(failure(IEXP_ERROR_CORRUPTED_PACKAGE, [&] { (void)tensorrt::library().onnx_inputs(file_); }),
              HasSubstr("network.onnx"));
}

TEST_F(NvInferBuild, AParserWithoutWordsIsAnErrorToo) {
  StandInPlan plan = network({-1, 3, 2, 2});
  plan.operation = "";
  write(plan);
  EXPECT_THAT(refusal(IEXP_ERROR_MODEL_RUNTIME, request()), HasSubstr("gave no reason"));
}

TEST_F(NvInferBuild, ALeanLibraryBuildsNothing) {
  const tensorrt::NvInfer lean = tensorrt::open_nvinfer(STAND_IN_NVINFER_LEAN);
  const auto build_lean = [&] { (void)build_onnx_engine(lean, open_onnx_parser(lean), request()); };
  EXPECT_THAT(failure(IEXP_ERROR_MISSING_DEPENDENCY, build_lean), HasSubstr("builds none"));
}

}  // namespace
}  // namespace inference_exp::test
