// Failures at any call: a typed error, and everything usable afterwards.
#include <array>
#include <typeinfo>

#include "backends/tensorrt/fixture.hpp"

namespace inference_exp::test {
namespace {

using runtime::InferenceRequest;
using ::testing::HasSubstr;

constexpr int kCudaOutOfMemory = 2;
constexpr int kCudaUnknown = 999;

class TensorRtFailure : public TensorRtTest {
 protected:
  void expect_good(InferenceRequest& request) { EXPECT_EQ(run(request, counting(3)), scaled(counting(3))); }

  /// A fresh request whose first run fails like this is good afterwards, and so are later requests.
  template <typename Exception>
  void expect_recovery(const std::string& call) {
    const auto request = session_->create_request();
    EXPECT_THAT(thrown<Exception>([&] { (void)run(*request, counting(3)); }), HasSubstr(call));
    EXPECT_THROW((void)request->output(0), InvalidParameterError);
    expect_good(*request);
  }

  Opened session_ = open(scaling_plan());
};

TEST_F(TensorRtFailure, AnyCallOfTensorRtMayFail) {
  for (const char* call : {"set_profile", "set_input_shape", "shape", "set_address", "enqueue"}) {
    SCOPED_TRACE(call);
    session_ = open(scaling_plan());  // so that everything is set for the first time
    trt_.fail(call, IEXP_ERROR_MODEL_RUNTIME);
    expect_recovery<ModelRuntimeError>(call);
    trt_.fail(call, IEXP_ERROR_DEVICE_MEMORY);
    expect_recovery<OutOfDeviceMemoryError>(call);
    expect_good(*session_->create_request());
  }
}

TEST_F(TensorRtFailure, TheSecondAddressMayFail) {
  trt_.fail("set_address", IEXP_ERROR_MODEL_RUNTIME, 1);
  expect_recovery<ModelRuntimeError>("set_address");
}

TEST_F(TensorRtFailure, AnyCallOfTheDriverInARunMayFail) {
  for (const std::string call : {"cuMemAlloc_v2", "cuMemHostAlloc", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
                                 "cuEventRecord", "cuStreamSynchronize"}) {
    SCOPED_TRACE(call);
    session_ = open(scaling_plan());
    const auto request = session_->create_request();
    driver_.fail(call, kCudaUnknown);
    EXPECT_THAT(thrown<ModelRuntimeError>([&] { (void)run(*request, counting(3)); }),
                HasSubstr(call.substr(0, call.find('_'))));
    expect_good(*request);
    expect_good(*session_->create_request());
  }
}

TEST_F(TensorRtFailure, MemoryThatRunsOutInARunIsATypedError) {
  for (const char* call : {"cuMemAlloc_v2", "cuMemHostAlloc"}) {
    for (const int after : {0, 1}) {
      SCOPED_TRACE(call);
      session_ = open(scaling_plan());
      const auto request = session_->create_request();
      driver_.fail(call, kCudaOutOfMemory, after);
      EXPECT_THAT(thrown<OutOfDeviceMemoryError>([&] { (void)run(*request, counting(3)); }),
                  HasSubstr("smaller batch"));
      expect_good(*request);
    }
  }
}

TEST_F(TensorRtFailure, AfterAFailedRunEverythingIsSetAgain) {
  const auto request = session_->create_request();
  expect_good(*request);
  const int shapes = trt_.calls("set_input_shape");
  const int addresses = trt_.calls("set_address");
  trt_.fail("enqueue", IEXP_ERROR_MODEL_RUNTIME);
  EXPECT_THROW((void)run(*request, counting(3)), ModelRuntimeError);
  expect_good(*request);
  EXPECT_EQ(trt_.calls("set_input_shape"), shapes + 1);
  EXPECT_EQ(trt_.calls("set_address"), addresses + 2);
}

TEST_F(TensorRtFailure, AFailureOnTheStreamIsAnErrorOfTheRun) {
  const auto request = session_->create_request();
  trt_.fail_in_stream(kCudaUnknown);
  EXPECT_THROW((void)run(*request, counting(3)), ModelRuntimeError);
  EXPECT_THROW((void)request->output(0), InvalidParameterError);
  expect_good(*request);
  trt_.fail_in_stream(kCudaOutOfMemory, 1);
  expect_good(*request);
  EXPECT_THROW((void)run(*request, counting(3)), OutOfDeviceMemoryError);
  expect_good(*request);
}

TEST_F(TensorRtFailure, AfterAFailedRunLaterRequestsGetAnotherContext) {
  {
    const auto request = session_->create_request();
    trt_.fail_in_stream(kCudaUnknown);
    EXPECT_THROW((void)run(*request, counting(3)), ModelRuntimeError);
  }
  EXPECT_EQ(trt_.live_contexts(), 0);
  expect_good(*session_->create_request());
  EXPECT_EQ(trt_.calls("create_context"), 2);
}

TEST_F(TensorRtFailure, AWrongCallCostsNoContext) {
  {
    const auto request = session_->create_request();
    EXPECT_THROW(request->run(), InvalidParameterError);
  }
  expect_good(*session_->create_request());
  EXPECT_EQ(trt_.calls("create_context"), 1);
}

TEST_F(TensorRtFailure, ARequestThatCannotBeMadeLeavesTheOthers) {
  const auto first = session_->create_request();
  for (const char* call : {"cuStreamCreate", "cuEventCreate"}) {
    driver_.fail(call, kCudaOutOfMemory);
    EXPECT_THROW((void)session_->create_request(), OutOfDeviceMemoryError) << call;
    driver_.fail(call, kCudaUnknown);
    EXPECT_THAT(thrown<ModelRuntimeError>([&] { (void)session_->create_request(); }), HasSubstr(call));
  }
  trt_.fail("create_context", IEXP_ERROR_DEVICE_MEMORY);
  EXPECT_THROW((void)session_->create_request(), OutOfDeviceMemoryError);
  expect_good(*first);
  expect_good(*session_->create_request());
}

TEST_F(TensorRtFailure, AFullDeviceServesAsManyRequestsAsItHolds) {
  StandInPlan plan = scaling_plan();
  plan.context_memory = 1 << 20;
  const Opened large = open(plan);
  driver_.limit_memory(driver_.memory_in_use() + (5U << 19U));  // two and a half contexts
  auto first = large->create_request();
  const auto second = large->create_request();
  EXPECT_THAT(thrown<OutOfDeviceMemoryError>([&] { (void)large->create_request(); }), HasSubstr("out of memory"));
  expect_good(*first);
  expect_good(*second);
  expect_good(*session_->create_request());  // another model
  first.reset();
  expect_good(*large->create_request());
}

TEST_F(TensorRtFailure, ABatchTooLargeForTheDeviceLeavesSmallerOnes) {
  const Opened session = open(scaling_plan(1 << 16));
  const auto request = session->create_request();
  expect_good(*request);
  driver_.limit_memory(driver_.memory_in_use() + (1U << 16U));
  EXPECT_THROW((void)run(*request, counting(1 << 15)), OutOfDeviceMemoryError);
  expect_good(*request);
}

}  // namespace
}  // namespace inference_exp::test
