// A test of nvinfer*.cpp with the stand-ins for NVIDIA's libraries, which checks at its end that nothing was left.
#pragma once

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "backends/tensorrt/nvinfer/stand_in_nvinfer.hpp"
#include "backends/tensorrt/stand_in_plan.hpp"
#include "common/failure.hpp"
#include "cuda/resources.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/temporary_folder.hpp"
#include "tensorrt/tensorrt.hpp"

namespace inference_exp::test {

using backend::Failure;
using tensorrt::Dimensions;
using tensorrt::ElementType;
using tensorrt::ProfileShapes;

// nvinfer1::ErrorCode.
inline constexpr std::int32_t kLoggerOnly = 0;
inline constexpr std::int32_t kUnspecified = 1;
inline constexpr std::int32_t kInvalidArgument = 3;
inline constexpr std::int32_t kFailedAllocation = 5;

/// A function of one of the stand-ins.
template <typename Function>
Function stand_in_function(const char* file, const char* name) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  return reinterpret_cast<Function>(dlsym(library, name));
}

inline StandInNvInfer& use_stand_in_nvinfer() {
  setenv("INFERENCE_EXP_TENSORRT", STAND_IN_NVINFER, 1);
  return *stand_in_function<StandInNvInfer* (*)()>(STAND_IN_NVINFER, "stand_in_nvinfer_switches")();
}

/// [batch, 2] with the profiles 1:1:2 and 2:4:8; y = 2 x + 1.
inline StandInPlan two_profiles() {
  const std::vector<ProfileShapes> profiles{{{1, 2}, {1, 2}, {2, 2}}, {{2, 2}, {4, 2}, {8, 2}}};
  return {.io = {input_tensor("x", ElementType::f32, {-1, 2}, profiles), output_tensor("y", ElementType::f32, {-1, 2})},
          .factor = 2,
          .bias = 1};
}

class NvInferTest : public ::testing::Test {
 public:
  NvInferTest() {
    nvinfer_.reset();
    driver_.reset();
    driver_.set_devices(1, "Stand-in GPU", 8, 6);
    objects_before_ = nvinfer_.live_objects();
    memory_before_ = driver_.memory_in_use();
    current_.emplace(cuda::Context::of_device(0));
  }
  NvInferTest(const NvInferTest&) = delete;
  NvInferTest& operator=(const NvInferTest&) = delete;
  ~NvInferTest() override {
    EXPECT_THAT(nvinfer_.violations(), ::testing::IsEmpty());
    EXPECT_EQ(nvinfer_.live_objects(), objects_before_) << "something of TensorRT was made and not destroyed";
    EXPECT_EQ(driver_.memory_in_use(), memory_before_);
  }

 protected:
  static std::unique_ptr<tensorrt::Engine> deserialize(std::string_view text, bool host_code_allowed = false) {
    return tensorrt::library().deserialize(std::as_bytes(std::span(text)), host_code_allowed);
  }
  static std::unique_ptr<tensorrt::Engine> deserialize(const StandInPlan& plan, bool host_code_allowed = false) {
    return deserialize(plan_text(plan), host_code_allowed);
  }

  /// The failure of `body`, which must be of this code.
  template <typename Body>
  [[nodiscard]] static std::string failure(std::int32_t code, Body&& body) {
    try {
      body();
    } catch (const Failure& thrown) {
      EXPECT_EQ(thrown.code(), code) << thrown.what();
      return std::string(thrown.what()) + " " + thrown.hint();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  StandInDriver& driver_ = use_stand_in_driver();
  StandInNvInfer& nvinfer_ = use_stand_in_nvinfer();
  testing::TemporaryFolder folder_;

 private:
  int objects_before_ = 0;
  std::size_t memory_before_ = 0;
  std::optional<cuda::ContextScope> current_;
};

}  // namespace inference_exp::test
