// The entries for device memory: on sessions that compute on the CPU, and, where there is one, on a GPU.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <vector>

#include "backends/gpu_enqueue.hpp"
#include "inference_exp/backend.h"
#include "runtime/backend_registry.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr const char* kCheckpoint = "golden/checkpoints/good/rfdetr_tiny_stripped.pth";

/// The plug-in's own table, with one network opened on the CPU.
class TorchOnTheCpu : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(folder, "golden/checkpoints");
    void* plugin = dlopen(TORCH_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(plugin, nullptr) << dlerror();
    table_ = reinterpret_cast<iexp_backend_entry>(dlsym(plugin, INFERENCE_EXP_BACKEND_SYMBOL))(
        INFERENCE_EXP_BACKEND_ABI_VERSION);
    const std::string path = (testing::shared_dir() / kCheckpoint).string();
    const iexp_key_value option{.key = "architecture", .value = "rfdetr"};
    iexp_open_request open{};
    open.struct_size = sizeof open;
    open.model_path = path.c_str();
    open.device = "cpu";
    open.allow_spinning = -1;
    open.network_options = &option;
    open.network_option_count = 1;
    ASSERT_EQ(table_->open(&open, &session_, &error_), IEXP_OK) << error_.message;
    ASSERT_EQ(table_->create_request(session_, &request_, &error_), IEXP_OK) << error_.message;
  }
  void TearDown() override {
    if (table_ == nullptr) return;
    table_->destroy_request(request_);
    table_->close(session_);
  }

  std::int32_t set_input(std::int32_t device_type) {
    const iexp_tensor tensor{.data = pixels_.data(),
                             .device = {.device_type = device_type, .device_id = 0},
                             .ndim = 4,
                             .dtype = {.code = 2, .bits = 32, .lanes = 1},
                             .shape = shape_.data(),
                             .strides = nullptr,
                             .byte_offset = 0};
    return table_->set_input(request_, 0, &tensor, &error_);
  }

  std::vector<float> pixels_ = std::vector<float>(std::size_t{3} * 112 * 112, 0.5F);
  std::array<std::int64_t, 4> shape_{1, 3, 112, 112};
  iexp_error error_{.struct_size = sizeof(iexp_error), .code = 0, .message = {}, .hint = {}};
  const iexp_backend* table_ = nullptr;
  iexp_session* session_ = nullptr;
  iexp_request* request_ = nullptr;
};

TEST_F(TorchOnTheCpu, SaysSo) {
  iexp_device device{};
  EXPECT_EQ(table_->session_device(session_, &device, &error_), IEXP_OK);
  EXPECT_EQ(device.device_type, 1);
  void* stream = &device;
  EXPECT_EQ(table_->request_stream(request_, &stream, &error_), IEXP_OK);
  EXPECT_EQ(stream, nullptr);
}

TEST_F(TorchOnTheCpu, EnqueueIsRunAndLeavesNothingInDeviceMemory) {
  ASSERT_EQ(set_input(1), IEXP_OK) << error_.message;
  ASSERT_EQ(table_->enqueue(request_, &error_), IEXP_OK) << error_.message;
  iexp_tensor output{};
  ASSERT_EQ(table_->get_output(request_, 0, &output, &error_), IEXP_OK) << error_.message;
  EXPECT_EQ(output.device.device_type, 1);
  EXPECT_EQ(output.ndim, 3);
  EXPECT_EQ(table_->get_device_output(request_, 0, &output, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error_.message, HasSubstr("computes on the CPU"));
  EXPECT_EQ(table_->get_device_output(request_, 9, &output, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table_->get_device_output(request_, 0, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
}

TEST_F(TorchOnTheCpu, TakesNoInputInDeviceMemory) {
  EXPECT_EQ(set_input(2), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error_.message, HasSubstr("on a device that this session cannot reach"));
}

TEST(TorchOnAGpu, WorkInDeviceMemoryGivesWhatRunGives) {
  if (!testing::gpu_wanted()) GTEST_SKIP() << "INFERENCE_EXP_TEST_GPU is not set";
  REQUIRE_SHARED(folder, "golden/checkpoints");
  const auto session = open_session("torch", testing::shared_dir() / kCheckpoint,
                                    {.device = "cuda", .precision = "float32"}, {}, {{"architecture", "rfdetr"}});
  ASSERT_EQ(session->cuda_device(), 0);
  std::vector<float> pixels(std::size_t{3} * 112 * 112, 0.5F);
  const std::vector<float> queued = testing::enqueue_on_gpu(*session, pixels, {1, 3, 112, 112});
  const auto request = session->create_request();
  request->set_input(0, {.data = pixels.data(), .dtype = DType::f32, .shape = Shape{1, 3, 112, 112}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), Pointwise(::testing::FloatNear(1e-4F), queued));
}

}  // namespace
}  // namespace inference_exp::runtime
