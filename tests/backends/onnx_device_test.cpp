// The entries for device memory, on sessions that compute on the CPU.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>

#include "backends/onnx_writer.hpp"
#include "inference_exp/backend.h"
#include "support/temporary_folder.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The plug-in's own table, with one identity network of three numbers opened on the CPU.
class OnnxOnTheCpu : public ::testing::Test {
 protected:
  OnnxOnTheCpu() {
    testing::write_file(file_, testing::onnx_bytes(testing::identity_model(testing::OnnxType::f32, {3})));
    const std::string path = file_.string();
    iexp_open_request open{};
    open.struct_size = sizeof open;
    open.model_path = path.c_str();
    open.device = "cpu";
    open.allow_spinning = -1;
    EXPECT_EQ(table_->open(&open, &session_, &error_), IEXP_OK) << error_.message;
    EXPECT_EQ(table_->create_request(session_, &request_, &error_), IEXP_OK) << error_.message;
  }
  OnnxOnTheCpu(const OnnxOnTheCpu&) = delete;
  OnnxOnTheCpu& operator=(const OnnxOnTheCpu&) = delete;
  ~OnnxOnTheCpu() override {
    table_->destroy_request(request_);
    table_->close(session_);
  }

  static const iexp_backend* open_table() {
    void* plugin = dlopen(ONNX_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<iexp_backend_entry>(dlsym(plugin, INFERENCE_EXP_BACKEND_SYMBOL))(
        INFERENCE_EXP_BACKEND_ABI_VERSION);
  }

  void set_input(std::int32_t device_type) { set_input(device_type, shape_.data()); }
  void set_input(std::int32_t device_type, std::int64_t* shape) {
    const iexp_tensor tensor{.data = values_.data(),
                             .device = {.device_type = device_type, .device_id = 0},
                             .ndim = 1,
                             .dtype = {.code = 2, .bits = 32, .lanes = 1},
                             .shape = shape,
                             .strides = nullptr,
                             .byte_offset = 0};
    code_ = table_->set_input(request_, 0, &tensor, &error_);
  }

  const iexp_backend* table_ = open_table();
  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "identity.onnx";
  std::array<float, 3> values_{1, 2, 3};
  std::array<std::int64_t, 1> shape_{3};
  iexp_error error_{.struct_size = sizeof(iexp_error), .code = 0, .message = {}, .hint = {}};
  iexp_session* session_ = nullptr;
  iexp_request* request_ = nullptr;
  std::int32_t code_ = IEXP_OK;
};

TEST_F(OnnxOnTheCpu, SaysSo) {
  iexp_device device{};
  EXPECT_EQ(table_->session_device(session_, &device, &error_), IEXP_OK);
  EXPECT_EQ(device.device_type, 1);
  void* stream = &device;
  EXPECT_EQ(table_->request_stream(request_, &stream, &error_), IEXP_OK);
  EXPECT_EQ(stream, nullptr);
}

TEST_F(OnnxOnTheCpu, BoundMemoryThatComesBackWithoutAShapeIsRefusedAndNotFollowed) {
  set_input(1);
  ASSERT_EQ(code_, IEXP_OK) << error_.message;
  set_input(1, nullptr);
  EXPECT_EQ(code_, IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error_.message, HasSubstr("no shape"));
}

TEST_F(OnnxOnTheCpu, EnqueueIsRun) {
  set_input(1);
  ASSERT_EQ(code_, IEXP_OK) << error_.message;
  ASSERT_EQ(table_->enqueue(request_, &error_), IEXP_OK) << error_.message;
  iexp_tensor output{};
  ASSERT_EQ(table_->get_output(request_, 0, &output, &error_), IEXP_OK) << error_.message;
  EXPECT_EQ(output.device.device_type, 1);
  EXPECT_THAT(std::span(static_cast<const float*>(output.data), 3), ElementsAre(1, 2, 3));
}

TEST_F(OnnxOnTheCpu, HasNoOutputsInDeviceMemory) {
  set_input(1);
  ASSERT_EQ(table_->enqueue(request_, &error_), IEXP_OK) << error_.message;
  iexp_tensor output{};
  EXPECT_EQ(table_->get_device_output(request_, 0, &output, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error_.message, HasSubstr("computes on the CPU"));
  EXPECT_EQ(table_->get_device_output(request_, 1, &output, &error_), IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_EQ(table_->get_device_output(request_, 0, nullptr, &error_), IEXP_ERROR_INVALID_PARAMETER);
}

TEST_F(OnnxOnTheCpu, TakesNoInputInDeviceMemory) {
  set_input(2);
  EXPECT_EQ(code_, IEXP_ERROR_INVALID_PARAMETER);
  EXPECT_THAT(error_.message, HasSubstr("on a device that this session cannot reach"));
}

}  // namespace
}  // namespace inference_exp::runtime
