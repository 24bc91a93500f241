// ONNX Runtime on a real GPU: needs one, and a runtime with CUDA.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "backends/gpu_enqueue.hpp"
#include "backends/onnx_writer.hpp"
#include "runtime/backend_registry.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::ElementsAre;

class OnnxOnAGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::gpu_wanted()) GTEST_SKIP() << "INFERENCE_EXP_TEST_GPU is not set";
    testing::write_file(file_, testing::onnx_bytes(testing::identity_model(testing::OnnxType::f32, {"n"})));
    session_ = open_session("onnx", file_, {.device = "cuda"}, {});
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "identity.onnx";
  std::array<float, 3> values_{1, 2, 3};
  std::shared_ptr<const Session> session_;
};

TEST_F(OnnxOnAGpu, WorkStaysOnTheDevice) {
  ASSERT_EQ(session_->cuda_device(), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(testing::enqueue_on_gpu(*session_, values_, {3}), ElementsAre(1, 2, 3));
  }
}

TEST_F(OnnxOnAGpu, RunBringsOutputsToTheHost) {
  const auto request = session_->create_request();
  request->set_input(0, {.data = values_.data(), .dtype = DType::f32, .shape = {3}});
  request->run();
  EXPECT_THAT(request->output(0).floats(), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace inference_exp::runtime
