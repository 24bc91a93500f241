// What the tests of the CUDA room share: the stand-in driver, one device, and memory with known bytes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cuda/resources.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::cuda {

class CudaTest : public ::testing::Test {
 protected:
  CudaTest() { stand_in_.reset(); }

  /// Nothing may be left behind, whatever the test did.
  void TearDown() override { EXPECT_EQ(stand_in_.live_objects(), alive_before_); }

  const Context& context() { return Context::of_device(0); }

  /// Device memory full of `value`, already there.
  DeviceBuffer filled(std::size_t bytes, int value) {
    DeviceBuffer buffer(context());
    buffer.reserve(bytes);
    const Stream stream(context());
    const ContextScope current(context());
    const std::vector<std::byte> values(bytes, std::byte(value));
    copy_to_device(buffer.address(), values.data(), bytes, stream.handle());
    stream.synchronize();
    return buffer;
  }

  std::vector<int> bytes_of(const DeviceBuffer& buffer, std::size_t bytes) {
    const std::byte* const memory = stand_in_.device_memory(buffer.address(), bytes);
    std::vector<int> values(bytes, -1);
    if (memory != nullptr) std::transform(memory, memory + bytes, values.begin(), std::to_integer<int>);
    return values;
  }

  /// Expects a driver error of `result` that names `call`.
  template <typename Action>
  static void expect_error(Result result, const char* call, Action&& action) {
    try {
      std::forward<Action>(action)();
      ADD_FAILURE() << call << " did not fail";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), result) << error.what();
      EXPECT_THAT(error.what(), ::testing::StartsWith(std::string(call) + ": CUDA_ERROR_"));
    }
  }

  /// The next call of `function` fails as if the GPU were in trouble, and `action` says so and leaves nothing behind.
  template <typename Action>
  void expect_reported(const char* function, Action&& action) {
    const int alive = stand_in_.live_objects();
    stand_in_.fail(function, kFailure);
    const std::string name = function;
    expect_error(kFailure, (name.ends_with("_v2") ? name.substr(0, name.size() - 3) : name).c_str(),
                 std::forward<Action>(action));
    EXPECT_EQ(stand_in_.live_objects(), alive) << function;
  }

  static constexpr Result kFailure = 719;  // CUDA_ERROR_LAUNCH_FAILED
  test::StandInDriver& stand_in_ = test::use_stand_in_driver();
  int alive_before_ = stand_in_.live_objects();
};

}  // namespace inference_exp::cuda
