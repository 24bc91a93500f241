// Sessions on a CUDA device: what the plug-in tells ONNX Runtime, and how device memory crosses. Driver and providers
// are stand-ins whose "device" memory is the host's (cuda_onnxruntime.cpp), so what the GPU itself does is not tested
// here.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "backends/onnx_writer.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::identity_model;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::OnnxType;

std::string take_record() {
  void* library = dlopen(CUDA_ONNXRUNTIME, RTLD_NOW | RTLD_LOCAL);
  std::string text;
  reinterpret_cast<void (*)(std::string&)>(dlsym(library, "stand_in_record"))(text);
  return text;
}

class OnnxOnCuda : public ::testing::Test {
 protected:
  OnnxOnCuda() {
    setenv("INFERENCE_EXP_ONNXRUNTIME", CUDA_ONNXRUNTIME, 1);
    unsetenv("ONNXRUNTIME_EXECUTION_PROVIDERS");
    (void)describe_backends({});  // asks what is usable, which leaves a record
    driver_.reset();
    (void)take_record();
    testing::write_file(file_, testing::onnx_bytes(identity_model(OnnxType::f32, {"n"})));
  }

  [[nodiscard]] std::shared_ptr<const Session> open(const SessionOptions& options) const {
    return open_session("onnx", file_, options, {});
  }
  [[nodiscard]] std::shared_ptr<const Session> open_on(std::string device) const {
    SessionOptions options;
    options.device = std::move(device);
    return open(options);
  }
  [[nodiscard]] std::shared_ptr<const Session> open_with(std::vector<ExecutionProvider> providers) const {
    SessionOptions options;
    options.execution_providers = std::move(providers);
    return open(options);
  }

  test::StandInDriver& driver_ = test::use_stand_in_driver();
  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "identity.onnx";
  std::array<float, 3> values_{1, 2, 3};
};

std::string address_of(const void* stream) { return std::to_string(reinterpret_cast<std::uintptr_t>(stream)); }

TEST_F(OnnxOnCuda, ASessionGetsAStreamOfItsOwn) {
  const auto session = open_on("cuda:0");
  EXPECT_EQ(session->cuda_device(), 0);
  const auto request = session->create_request();
  ASSERT_NE(request->on_device(), nullptr);
  const void* stream = request->on_device()->stream();
  EXPECT_NE(stream, nullptr);
  EXPECT_EQ(take_record(), "cuda device_id=0 user_compute_stream->" + address_of(stream) + "\n");
  EXPECT_EQ(session->create_request()->on_device()->stream(), stream) << "one for all requests";
  EXPECT_NE(open_on("cuda")->create_request()->on_device()->stream(), stream) << "and another for another session";
}

TEST_F(OnnxOnCuda, AStreamGivenAsTextWasNeverUsed) {
  // ONNX Runtime reads the text as the word that there is a stream, and then uses the legacy default one.
  (void)open_with({{"TensorrtExecutionProvider"}, {"CUDAExecutionProvider", {{"user_compute_stream", "4660"}}}});
  EXPECT_THAT(take_record(), Not(HasSubstr("user_compute_stream=")));
}

TEST_F(OnnxOnCuda, GraphsOfTheProvidersAreRefused) {
  EXPECT_THROW((void)open_with({{"CUDAExecutionProvider", {{"enable_cuda_graph", "1"}}}}), InvalidParameterError);
  EXPECT_THROW((void)open_with({{"TensorrtExecutionProvider", {{"trt_cuda_graph_enable", "True"}}}}),
               InvalidParameterError);
  EXPECT_NO_THROW((void)open_with({{"CUDAExecutionProvider", {{"enable_cuda_graph", "0"}}}}));
}

TEST_F(OnnxOnCuda, TheStreamGoesWithItsSession) {
  (void)open_on("cuda");
  const int before = driver_.live_objects();
  {
    const auto session = open_on("cuda");
    EXPECT_EQ(driver_.live_objects(), before + 1);
  }
  EXPECT_EQ(driver_.live_objects(), before);
}

TEST_F(OnnxOnCuda, AStreamOfTheCallersIsKept) {
  const auto session = open_with({{"CUDAExecutionProvider", {{"user_compute_stream", "4660"}}}});
  EXPECT_EQ(driver_.calls("cuStreamCreate"), 0);
  EXPECT_EQ(address_of(session->create_request()->on_device()->stream()), "4660");
  EXPECT_EQ(take_record(), "cuda user_compute_stream->4660\n");
}

TEST_F(OnnxOnCuda, AStreamMustBeANumber) {
  for (const char* text : {"0x1234", "", "-1", "12 "}) {
    EXPECT_THROW((void)open_with({{"CUDAExecutionProvider", {{"user_compute_stream", text}}}}), InvalidParameterError);
  }
  EXPECT_THROW((void)open_with({{"CUDAExecutionProvider", {{"device_id", "first"}}}}), InvalidParameterError);
}

TEST_F(OnnxOnCuda, TensorRtGetsTheCallersOptionsAndNoOthers) {
  const auto session = open_with({{"TensorrtExecutionProvider"}, {"CUDAExecutionProvider"}});
  const std::string stream = address_of(session->create_request()->on_device()->stream());
  EXPECT_EQ(take_record(), "tensorrt user_compute_stream->" + stream + "\ncuda user_compute_stream->" + stream + "\n");

  const auto cached =
      open_with({{"TensorrtExecutionProvider",
                  {{"trt_engine_cache_enable", "1"}, {"trt_engine_cache_path", "/cache"}, {"trt_fp16_enable", "1"}}}});
  EXPECT_THAT(take_record(), HasSubstr("tensorrt trt_engine_cache_enable=1 trt_engine_cache_path=/cache "
                                       "trt_fp16_enable=1 user_compute_stream->"));
}

TEST_F(OnnxOnCuda, ProvidersOnTwoDevicesDoNotShareAStream) {
  const auto session = open_with({{"TensorrtExecutionProvider"}, {"CUDAExecutionProvider", {{"device_id", "1"}}}});
  EXPECT_THAT(take_record(), AllOf(HasSubstr("tensorrt user_compute_stream->"), HasSubstr("\ncuda device_id=1\n")));
}

TEST_F(OnnxOnCuda, BehindTheCpuItIsNotUsed) {
  const auto session = open_with({{"CPUExecutionProvider"}, {"CUDAExecutionProvider"}});
  EXPECT_EQ(session->cuda_device(), std::nullopt);
  EXPECT_EQ(session->create_request()->on_device(), nullptr);
  EXPECT_THAT(take_record(), IsEmpty());
}

TEST_F(OnnxOnCuda, IsPreferredWhereNothingIsNamed) { EXPECT_EQ(open({})->cuda_device(), 0); }

TEST_F(OnnxOnCuda, APreferenceFallsBackToTheCpuAndARequestDoesNot) {
  constexpr int kOutOfMemory = 2;
  driver_.fail("cuStreamCreate", kOutOfMemory);
  EXPECT_EQ(open({})->cuda_device(), std::nullopt);
  driver_.fail("cuStreamCreate", kOutOfMemory);
  EXPECT_THROW((void)open_on("cuda"), EnvironmentConfigurationError);
  EXPECT_THAT(take_record(), IsEmpty()) << "ONNX Runtime was not asked";
}

TEST_F(OnnxOnCuda, ADeviceThatIsNotThereIsRefused) {
  try {
    (void)open_on("cuda:7");
    FAIL() << "not refused";
  } catch (const EnvironmentConfigurationError& error) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr("CUDAExecutionProvider"), HasSubstr("no CUDA device 7")));
  }
}

TEST_F(OnnxOnCuda, EnqueueLeavesTheOutputOnTheDeviceAndDoesNotWait) {
  const auto session = open_on("cuda");
  const auto request = session->create_request();
  DeviceRequest& device = *request->on_device();
  (void)take_record();
  device.set_device_input(0, {.data = values_.data(), .dtype = DType::f32, .shape = {3}});
  device.enqueue();
  EXPECT_EQ(take_record(), "memory of cuda:0\ndisable_synchronize_execution_providers=1\nmemory of cuda:0\n");
  const DeviceTensorView output = device.device_output(0);
  EXPECT_EQ(output.shape, Shape{3});
  EXPECT_THAT(std::span(static_cast<const float*>(output.data), 3), ElementsAre(1, 2, 3));
  EXPECT_THROW((void)request->output(0), InvalidParameterError) << "nothing was brought to the host";

  values_[1] = 7;  // the next run reads the same memory
  device.enqueue();
  EXPECT_THAT(std::span(static_cast<const float*>(device.device_output(0).data), 3), ElementsAre(1, 7, 3));
}

TEST_F(OnnxOnCuda, EnqueueTakesHostInputsToo) {
  const auto session = open_on("cuda");
  const auto request = session->create_request();
  request->set_input(0, {.data = values_.data(), .dtype = DType::f32, .shape = {2}});
  request->on_device()->enqueue();
  EXPECT_EQ(request->on_device()->device_output(0).shape, Shape{2});
}

TEST_F(OnnxOnCuda, RunBringsTheOutputOfDeviceInputsToTheHost) {
  const auto session = open_on("cuda");
  const auto request = session->create_request();
  request->on_device()->set_device_input(0, {.data = values_.data(), .dtype = DType::f32, .shape = {3}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(1, 2, 3));
  EXPECT_THROW((void)request->on_device()->device_output(0), InvalidParameterError);
}

TEST_F(OnnxOnCuda, EnqueueRefusesADestinationInHostMemory) {
  const auto session = open_on("cuda");
  const auto request = session->create_request();
  std::array<float, 3> output{};
  request->set_input(0, {.data = values_.data(), .dtype = DType::f32, .shape = {3}});
  request->set_output(0, {.data = output.data(), .dtype = DType::f32, .shape = {3}});
  EXPECT_THROW(request->on_device()->enqueue(), InvalidParameterError);
  request->run();
  EXPECT_THAT(output, ElementsAre(1, 2, 3));
}

TEST_F(OnnxOnCuda, EnqueueNeedsItsInputs) {
  const auto session = open_on("cuda");
  const auto request = session->create_request();
  EXPECT_THROW(request->on_device()->enqueue(), InvalidParameterError);
  EXPECT_THROW((void)request->on_device()->device_output(0), InvalidParameterError);
}

}  // namespace
}  // namespace inference_exp::runtime
