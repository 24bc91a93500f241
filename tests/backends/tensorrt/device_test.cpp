// Inputs and outputs that stay on the device, and work that is queued without waiting.
#include <array>

#include "backends/tensorrt/device_memory.hpp"
#include "backends/tensorrt/fixture.hpp"

namespace inference_exp::test {
namespace {

using runtime::DeviceRequest;
using runtime::InferenceRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int32_t kCpu = 1;
constexpr std::int32_t kCuda = 2;
constexpr std::int32_t kCudaHost = 3;

class TensorRtDevice : public TensorRtTest {
 protected:
  [[nodiscard]] int copies() const {
    return driver_.calls("cuMemcpyHtoDAsync_v2") + driver_.calls("cuMemcpyDtoHAsync_v2") +
           driver_.calls("cuMemcpyDtoDAsync_v2") + driver_.calls("cuMemcpy2DAsync_v2");
  }

  Opened session_ = open(scaling_plan());
};

TEST_F(TensorRtDevice, DeviceInputsAndOutputsAreUsedWithoutACopy) {
  const auto request = session_->create_request();
  DeviceRequest* device = request->on_device();
  ASSERT_NE(device, nullptr);
  const DeviceRows input({1, 2, 3, 4});
  const int before = copies();
  device->set_device_input(0, input.view());
  device->enqueue();
  const runtime::DeviceTensorView output = device->device_output(0);
  EXPECT_EQ(output.shape, (Shape{2, 2}));
  EXPECT_EQ(output.dtype, DType::f32);
  EXPECT_EQ(trt_.calls("run"), 0) << "the work is queued, nobody waited";
  EXPECT_EQ(copies(), before);
  const DeviceRows result(2);
  copy_output(*device, 0, result);
  wait_for(*device);
  EXPECT_THAT(result.read(), ElementsAre(3, 5, 7, 9));
}

TEST_F(TensorRtDevice, ADeviceInputCanBeReadBackByRun) {
  const auto request = session_->create_request();
  DeviceRows input({1, 2});
  request->on_device()->set_device_input(0, input.view());
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(3, 5));
  input.write({5, 6});
  request->on_device()->set_device_input(0, input.view());
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(11, 13));
  EXPECT_EQ(driver_.calls("cuMemcpyDtoHAsync_v2"), 2);
}

TEST_F(TensorRtDevice, HostInputsAreTakenWhenTheWorkIsQueued) {
  const auto request = session_->create_request();
  DeviceRequest& device = *request->on_device();
  const DeviceRows first(1);
  const DeviceRows second(1);
  std::array<float, 2> input{1, 2};
  request->set_input(0, {input.data(), DType::f32, {1, 2}});
  device.enqueue();
  copy_output(device, 0, first);
  input = {10, 20};  // must not reach the run that is queued
  device.enqueue();
  copy_output(device, 0, second);
  wait_for(device);
  EXPECT_THAT(first.read(), ElementsAre(3, 5));
  EXPECT_THAT(second.read(), ElementsAre(21, 41));
}

TEST_F(TensorRtDevice, LargerRunsLeaveQueuedOnesAlone) {
  const auto request = session_->create_request();
  DeviceRequest& device = *request->on_device();
  const DeviceRows first(1);
  const DeviceRows second(8);
  std::vector<float> input = counting(8);
  request->set_input(0, {input.data(), DType::f32, {1, 2}});
  device.enqueue();
  copy_output(device, 0, first);
  request->set_input(0, {input.data(), DType::f32, {8, 2}});
  device.enqueue();  // grows every buffer
  copy_output(device, 0, second);
  wait_for(device);
  EXPECT_THAT(first.read(), ElementsAre(3, 5));
  EXPECT_EQ(second.read(), scaled(counting(8)));
}

TEST_F(TensorRtDevice, OutputsInHostMemoryNeedARun) {
  const auto request = session_->create_request();
  std::array<float, 2> input{1, 2};
  std::array<float, 2> output{};
  request->set_input(0, {input.data(), DType::f32, {1, 2}});
  EXPECT_THROW((void)request->on_device()->device_output(0), InvalidParameterError) << "nothing is queued";
  request->on_device()->enqueue();
  EXPECT_THROW((void)request->output(0), InvalidParameterError) << "nothing was read back";
  request->set_output(0, {output.data(), DType::f32, {1, 2}});
  EXPECT_THAT(thrown<InvalidParameterError>([&] { request->on_device()->enqueue(); }), HasSubstr("host memory"));
  request->run();
  EXPECT_THAT(output, ElementsAre(3, 5));
  const DeviceRows copy(1);
  copy_output(*request->on_device(), 0, copy);
  wait_for(*request->on_device());
  EXPECT_THAT(copy.read(), ElementsAre(3, 5)) << "the output lies on the device too";
}

TEST_F(TensorRtDevice, ARequestThatGoesWaitsForItsQueuedWork) {
  const DeviceRows input({1, 2});
  auto request = session_->create_request();
  request->on_device()->set_device_input(0, input.view());
  request->on_device()->enqueue();
  EXPECT_EQ(trt_.calls("run"), 0);
  request.reset();
  EXPECT_EQ(trt_.calls("run"), 1) << "the caller may free the input now";
}

TEST_F(TensorRtDevice, TheStreamIsTheRequestsOwnAndStays) {
  const auto first = session_->create_request();
  const auto second = session_->create_request();
  void* stream = first->on_device()->stream();
  EXPECT_NE(stream, nullptr);
  EXPECT_NE(stream, second->on_device()->stream());
  (void)run(*first, counting(8));
  trt_.fail("enqueue", IEXP_ERROR_MODEL_RUNTIME);
  EXPECT_THROW((void)run(*first, counting(8)), ModelRuntimeError);
  EXPECT_EQ(first->on_device()->stream(), stream);
}

TEST_F(TensorRtDevice, AFailedQueueingLeavesNothingBehind) {
  const auto request = session_->create_request();
  DeviceRequest& device = *request->on_device();
  const DeviceRows input({1, 2});
  device.set_device_input(0, input.view());
  trt_.fail("enqueue", IEXP_ERROR_MODEL_RUNTIME);
  EXPECT_THROW(device.enqueue(), ModelRuntimeError);
  EXPECT_THROW((void)device.device_output(0), InvalidParameterError);
  device.enqueue();
  const DeviceRows copy(1);
  copy_output(device, 0, copy);
  wait_for(device);
  EXPECT_THAT(copy.read(), ElementsAre(3, 5));
}

/// What the library itself never passes, through the table.
class TensorRtTable : public TensorRtTest {
 protected:
  TensorRtTable() {
    std::ofstream(file_, std::ios::binary) << plan_text(scaling_plan());
    const std::string path = file_.string();
    const iexp_open_request request{.struct_size = sizeof(iexp_open_request),
                                    .model_path = path.c_str(),
                                    .device = nullptr,
                                    .execution_providers = nullptr,
                                    .execution_provider_count = 0,
                                    .intra_op_threads = 0,
                                    .inter_op_threads = 0,
                                    .allow_spinning = -1,
                                    .network_options = nullptr,
                                    .network_option_count = 0};
    EXPECT_EQ(table().open(&request, &session_, &error_), IEXP_OK) << error_.message;
    EXPECT_EQ(table().create_request(session_, &request_, &error_), IEXP_OK) << error_.message;
  }
  TensorRtTable(const TensorRtTable&) = delete;
  TensorRtTable& operator=(const TensorRtTable&) = delete;
  ~TensorRtTable() override {
    table().destroy_request(request_);
    table().close(session_);
  }

  [[nodiscard]] iexp_tensor row(void* data, std::int32_t device_type, std::int32_t device_id = 0) {
    return {.data = data,
            .device = {.device_type = device_type, .device_id = device_id},
            .ndim = 2,
            .dtype = {.code = 2, .bits = 32, .lanes = 1},
            .shape = shape_.data(),
            .strides = nullptr,
            .byte_offset = 0};
  }
  [[nodiscard]] std::int32_t set_input(const iexp_tensor& tensor) {
    return table().set_input(request_, 0, &tensor, &error_);
  }
  [[nodiscard]] std::int32_t set_output(const iexp_tensor& tensor) {
    return table().set_output(request_, 0, &tensor, &error_);
  }
  [[nodiscard]] std::int32_t run() { return table().run(request_, &error_); }

  std::array<std::int64_t, 2> shape_{1, 2};
  std::array<float, 2> input_{1, 2};
  iexp_error error_ = runtime::empty_error();
  iexp_session* session_ = nullptr;
  iexp_request* request_ = nullptr;
};

TEST_F(TensorRtTable, ADestinationOnTheDeviceIsWrittenDirectly) {
  const DeviceRows output(1);
  EXPECT_EQ(set_input(row(input_.data(), kCpu)), IEXP_OK);
  EXPECT_EQ(set_output(row(output.data(), kCuda)), IEXP_OK);
  driver_.reset();
  ASSERT_EQ(run(), IEXP_OK) << error_.message;
  EXPECT_EQ(driver_.calls("cuMemcpyDtoHAsync_v2") + driver_.calls("cuMemcpyDtoDAsync_v2"), 0);
  EXPECT_THAT(output.read(), ElementsAre(3, 5));
  iexp_tensor described{};
  EXPECT_EQ(table().get_output(request_, 0, &described, &error_), IEXP_OK);
  EXPECT_EQ(described.data, output.data());
  EXPECT_EQ(described.device.device_type, kCuda);
  EXPECT_EQ(table().get_device_output(request_, 0, &described, &error_), IEXP_OK);
  EXPECT_EQ(described.data, output.data());
}

TEST_F(TensorRtTable, PinnedMemoryIsCopiedFromAndToDirectly) {
  cuda::PinnedBuffer pinned(first_device());
  pinned.reserve(4 * sizeof(float));
  auto* values = reinterpret_cast<float*>(pinned.data());
  values[0] = 4;
  values[1] = 5;
  EXPECT_EQ(set_input(row(values, kCudaHost)), IEXP_OK);
  EXPECT_EQ(set_output(row(values + 2, kCudaHost)), IEXP_OK);
  const int pinned_before = driver_.calls("cuMemHostAlloc");
  ASSERT_EQ(run(), IEXP_OK) << error_.message;
  EXPECT_EQ(values[2], 9);
  EXPECT_EQ(values[3], 11);
  EXPECT_EQ(driver_.calls("cuMemHostAlloc"), pinned_before) << "no staging of its own";
}

TEST_F(TensorRtTable, DeviceMemoryInTheMiddleOfABufferIsCopied) {
  const DeviceRows input({0, 0, 1, 2});
  const DeviceRows output(3);
  iexp_tensor second_row = row(input.data(), kCuda);
  second_row.byte_offset = 2 * sizeof(float);
  iexp_tensor middle_row = row(output.data(), kCuda);
  middle_row.byte_offset = 2 * sizeof(float);
  EXPECT_EQ(set_input(second_row), IEXP_OK);
  EXPECT_EQ(set_output(middle_row), IEXP_OK);
  ASSERT_EQ(run(), IEXP_OK) << error_.message;
  EXPECT_THAT(output.read(), ElementsAre(0, 0, 3, 5, 0, 0));
  iexp_tensor described{};
  EXPECT_EQ(table().get_device_output(request_, 0, &described, &error_), IEXP_OK);
  EXPECT_EQ(described.data, static_cast<std::byte*>(output.data()) + middle_row.byte_offset);
}

TEST_F(TensorRtTable, MemoryThatTheSessionDoesNotReachIsRefused) {
  const DeviceRows rows(1);
  EXPECT_EQ(set_input(row(rows.data(), kCuda, 1)), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error_.message, HasSubstr("cuda:0"));
  EXPECT_EQ(set_output(row(rows.data(), kCuda, 1)), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(set_input(row(rows.data(), 8)), IEXP_ERROR_INVALID_PARAMETER) << "another kind of device";
}

TEST_F(TensorRtTable, OffsetsAndStridesOfTensorsAreRead) {
  std::array<float, 4> data{0, 0, 6, 7};
  iexp_tensor tensor = row(data.data(), kCpu);
  tensor.byte_offset = 2 * sizeof(float);
  std::array<std::int64_t, 2> strides{2, 1};
  tensor.strides = strides.data();
  EXPECT_EQ(set_input(tensor), IEXP_OK);
  ASSERT_EQ(run(), IEXP_OK) << error_.message;
  iexp_tensor output{};
  ASSERT_EQ(table().get_output(request_, 0, &output, &error_), IEXP_OK);
  EXPECT_EQ(static_cast<float*>(output.data)[1], 15);
  strides = {2, 2};
  EXPECT_EQ(set_input(tensor), IEXP_ERROR_INVALID_PARAMETER);
  tensor.strides = nullptr;
  tensor.shape = nullptr;
  EXPECT_EQ(set_input(tensor), IEXP_ERROR_INVALID_PARAMETER);
}

TEST_F(TensorRtTable, NullsAreRefused) {
  iexp_tensor tensor{};
  EXPECT_EQ(table().set_input(request_, 0, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(set_output(row(nullptr, kCpu)), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(set_input(row(input_.data(), kCpu)), IEXP_OK);
  ASSERT_EQ(run(), IEXP_OK);
  EXPECT_EQ(table().get_output(request_, 0, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table().get_device_output(request_, 0, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table().get_device_output(request_, 1, &tensor, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table().create_request(nullptr, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table().session_device(session_, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
}

}  // namespace
}  // namespace inference_exp::test
