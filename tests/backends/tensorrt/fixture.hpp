// A test with the stand-ins for TensorRT and the CUDA driver, which checks at its end that nothing was left or misused.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "backends/tensorrt/stand_in_plan.hpp"
#include "backends/tensorrt/stand_in_tensorrt.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"
#include "runtime/plugin.hpp"
#include "runtime/session.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::test {

using tensorrt::Dimensions;
using tensorrt::ElementType;
using tensorrt::IoTensor;
using tensorrt::ProfileShapes;

/// [batch, 2], with batches from 1 to `max_batch`; y = 2 x + 1.
inline StandInPlan scaling_plan(std::int64_t max_batch = 8) {
  return {.io = {input_tensor("x", ElementType::f32, {-1, 2}, {{{1, 2}, {4, 2}, {max_batch, 2}}}),
                 output_tensor("y", ElementType::f32, {-1, 2})},
          .factor = 2,
          .bias = 1};
}

/// What scaling_plan's network makes of `input`.
inline std::vector<float> scaled(std::vector<float> input) {
  for (float& value : input) value = value * 2 + 1;
  return input;
}

class TensorRtTest : public ::testing::Test {
 public:
  TensorRtTest() {
    driver_.reset();
    trt_.reset();
    driver_.set_devices(2, "Stand-in GPU", 8, 6);
    objects_before_ = driver_.live_objects();
    memory_before_ = driver_.memory_in_use();
  }
  TensorRtTest(const TensorRtTest&) = delete;
  TensorRtTest& operator=(const TensorRtTest&) = delete;
  ~TensorRtTest() override {
    EXPECT_THAT(trt_.violations(), ::testing::IsEmpty());
    EXPECT_EQ(trt_.live_contexts(), 0);
    EXPECT_EQ(trt_.live_engines(), 0);
    EXPECT_EQ(driver_.live_objects(), objects_before_) << "something was made and not destroyed";
    EXPECT_EQ(driver_.memory_in_use(), memory_before_);
  }

 protected:
  using Opened = std::shared_ptr<const runtime::Session>;

  [[nodiscard]] Opened open(const StandInPlan& plan, const runtime::NetworkOptions& network = {},
                            const SessionOptions& options = {}) const {
    return open_bytes(plan_text(plan), network, options);
  }
  [[nodiscard]] Opened open_bytes(std::string_view bytes, const runtime::NetworkOptions& network = {},
                                  const SessionOptions& options = {}) const {
    std::ofstream(file_, std::ios::binary) << bytes;
    return runtime::open_session("trt", file_, options, plugin_folders(), network);
  }
  [[nodiscard]] static std::vector<std::filesystem::path> plugin_folders() {
    return {std::filesystem::path(STAND_IN_TRT_PLUGIN).parent_path()};
  }
  [[nodiscard]] static const iexp_backend& table() { return *runtime::load_plugin(STAND_IN_TRT_PLUGIN, "trt").backend; }

  /// The text of the exception of exactly this class that `body` throws.
  template <typename Exception, typename Body>
  [[nodiscard]] static std::string thrown(Body&& body) {
    try {
      body();
    } catch (const Exception& exception) {
      EXPECT_EQ(typeid(exception), typeid(Exception)) << exception.what();
      return exception.what();
    } catch (const std::exception& exception) {
      ADD_FAILURE() << "another exception: " << exception.what();
      return {};
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  StandInDriver& driver_ = use_stand_in_driver();
  StandInTensorRt& trt_ = stand_in_tensorrt(STAND_IN_TRT_PLUGIN);
  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "engine.plan";

 private:
  int objects_before_ = 0;
  std::size_t memory_before_ = 0;
};

/// Runs [rows, 2] of f32 through the first input and output of scaling_plan's network.
inline std::vector<float> run(runtime::InferenceRequest& request, std::vector<float> input) {
  const auto rows = static_cast<std::int64_t>(input.size() / 2);
  request.set_input(0, {.data = input.data(), .dtype = DType::f32, .shape = {rows, 2}});
  request.run();
  const std::span<const float> output = request.output(0).floats();
  return {output.begin(), output.end()};
}

/// 1, 2, ... in `rows` rows of two.
inline std::vector<float> counting(std::int64_t rows, float first = 1) {
  std::vector<float> values(static_cast<std::size_t>(rows) * 2);
  std::iota(values.begin(), values.end(), first);
  return values;
}

}  // namespace inference_exp::test
