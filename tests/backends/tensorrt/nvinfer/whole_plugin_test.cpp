// The whole plug-in over the stand-ins for NVIDIA's libraries, through its one exported symbol.
#include <algorithm>
#include <array>
#include <map>

#include "backends/tensorrt/nvinfer/fixture.hpp"
#include "inference_exp/backend.h"

extern "C" const iexp_backend* inference_exp_backend_v1(std::uint32_t host_abi_version);

namespace inference_exp::test {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;

using Facts = std::map<std::string, std::string>;

class NvInferPlugin : public NvInferTest {
 protected:
  NvInferPlugin() {
    StandInPlan network{.io = {input_tensor("images", ElementType::f32, {-1, 3, 2, 2}),
                               output_tensor("out", ElementType::f32, {-1, 3, 2, 2})},
                        .factor = 2,
                        .bias = 1};
    std::ofstream(source_, std::ios::binary) << onnx_text(network);
  }

  static void note(void* user, const char* key, const char* value) { (*static_cast<Facts*>(user))[key] = value; }
  void expect_done(std::int32_t code) const { EXPECT_EQ(code, IEXP_OK) << error_.message; }

  [[nodiscard]] iexp_compile_request compile_request() {
    iexp_compile_request request{};
    request.struct_size = sizeof(iexp_compile_request);
    request.source_path = source_.c_str();
    request.target_path = target_.c_str();
    request.batch_min = 1;
    request.batch_opt = 2;
    request.batch_max = 4;
    request.user = &facts_;
    request.facts = &note;
    return request;
  }

  const iexp_backend& plugin_ = *inference_exp_backend_v1(INFERENCE_EXP_BACKEND_ABI_VERSION);
  iexp_error error_{.struct_size = sizeof(iexp_error), .code = 0, .message = {}, .hint = {}};
  std::string source_ = (folder_ / "network.onnx").string();
  std::string target_ = (folder_ / "engine.plan").string();
  Facts facts_;
};

TEST_F(NvInferPlugin, IsThere) {
  Facts found;
  expect_done(plugin_.probe(&note, &found, &error_));
  EXPECT_THAT(found, Contains(Pair("version", "10.3.0.26")));
}

TEST_F(NvInferPlugin, CompilesOpensAndRuns) {
  const iexp_compile_request compile = compile_request();
  expect_done(plugin_.compile(&compile, &error_));
  EXPECT_THAT(facts_, Contains(Pair("runtime_version", "10.3.0.26")));

  iexp_open_request open{};
  open.struct_size = sizeof(iexp_open_request);
  open.model_path = target_.c_str();
  open.allow_spinning = -1;
  iexp_session* session = nullptr;
  expect_done(plugin_.open(&open, &session, &error_));
  ASSERT_NE(session, nullptr);
  iexp_request* request = nullptr;
  expect_done(plugin_.create_request(session, &request, &error_));
  ASSERT_NE(request, nullptr);

  std::array<std::int64_t, 4> shape{3, 3, 2, 2};
  std::vector<float> values(36, 4.0F);
  const iexp_tensor input{.data = values.data(),
                          .device = {.device_type = 1, .device_id = 0},
                          .ndim = 4,
                          .dtype = {.code = 2, .bits = 32, .lanes = 1},
                          .shape = shape.data(),
                          .strides = nullptr,
                          .byte_offset = 0};
  expect_done(plugin_.set_input(request, 0, &input, &error_));
  for (int run = 0; run < 3; ++run) {
    expect_done(plugin_.run(request, &error_));
    iexp_tensor output{};
    expect_done(plugin_.get_output(request, 0, &output, &error_));
    ASSERT_NE(output.data, nullptr);
    EXPECT_THAT(std::span(static_cast<const float*>(output.data), values.size()), Each(9.0F));
  }
  plugin_.destroy_request(request);
  plugin_.close(session);
}

TEST_F(NvInferPlugin, AFailureOfTensorRtArrivesWithItsWords) {
  nvinfer_.fail("buildSerializedNetwork", kFailedAllocation, "no room for tactics");
  const iexp_compile_request compile = compile_request();
  EXPECT_EQ(plugin_.compile(&compile, &error_), IEXP_ERROR_DEVICE_MEMORY);
  EXPECT_THAT(std::string(error_.message), HasSubstr("no room for tactics"));
  EXPECT_FALSE(std::filesystem::exists(target_));
}

}  // namespace
}  // namespace inference_exp::test
