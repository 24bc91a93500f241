// What the tests of the device path share: a device, and memory on it.
//
// Without further words they run on the stand-in driver. With INFERENCE_EXP_TEST_GPU=1 they run the compiled kernels on
// device 0 of this machine, and fail where there is none.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "cuda/resources.hpp"
#include "support/cuda/stand_in_driver.hpp"
#include "support/cuda/vision_kernels.hpp"
#include "vision/cuda/kernel_image.hpp"
#include "vision/cuda/kernels.hpp"

namespace inference_exp::test {

inline bool tests_real_gpu() {
  static const bool asked = [] {
    const char* const value = std::getenv("INFERENCE_EXP_TEST_GPU");
    return value != nullptr && std::string_view(value) == "1";
  }();
  return asked;
}

class DeviceTest : public ::testing::Test {
 protected:
  DeviceTest() {
    if (!tests_real_gpu()) stand_in().reset();
  }

  /// Not for tests of a real GPU.
  static StandInDriver& stand_in() {
    static StandInDriver& driver = []() -> StandInDriver& {
      StandInDriver& opened = use_stand_in_driver();
      opened.set_devices(1, "Stand-in GPU", 8, 9);
      register_vision_kernels(opened);
      return opened;
    }();
    return driver;
  }

  static const cuda::Context& context() { return cuda::Context::of_device(0); }

  // These two live as long as the program: at its end the driver may be gone before them.
  static const vision::gpu::Kernels& kernels() {
    static constexpr unsigned char kUnread[] = {0};
    static const vision::gpu::Kernels& loaded =
        *std::make_unique<vision::gpu::Kernels>(
             context(), tests_real_gpu() ? vision::gpu::kernel_image() : std::span<const unsigned char>(kUnread))
             .release();
    return loaded;
  }

  static const cuda::Stream& stream() {
    static const cuda::Stream& made = *std::make_unique<cuda::Stream>(context()).release();
    return made;
  }

  /// Copies to and from the device, waiting.
  template <typename T>
  static cuda::DeviceBuffer on_device(std::span<const T> values) {
    const cuda::ContextScope scope(context());
    cuda::DeviceBuffer buffer(context());
    if (values.empty()) return buffer;
    cuda::PinnedBuffer staging(context());
    buffer.reserve(values.size_bytes());
    staging.reserve(values.size_bytes());
    std::memcpy(staging.data(), values.data(), values.size_bytes());
    cuda::copy_to_device(buffer.address(), staging.data(), values.size_bytes(), stream().handle());
    stream().synchronize();
    return buffer;
  }

  template <typename T>
  static std::vector<T> to_host(const cuda::DeviceBuffer& buffer, std::size_t count) {
    if (count == 0) return {};
    const cuda::ContextScope scope(context());
    cuda::PinnedBuffer staging(context());
    staging.reserve(count * sizeof(T));
    cuda::copy_to_host(staging.data(), buffer.address(), count * sizeof(T), stream().handle());
    stream().synchronize();
    std::vector<T> values(count);
    std::memcpy(values.data(), staging.data(), count * sizeof(T));
    return values;
  }

  /// Floats and halves by their bits: NaN equals NaN, 0 is not -0.
  template <typename T>
  static bool same_bits(std::span<const T> a, std::span<const T> b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
  }
};

}  // namespace inference_exp::test
