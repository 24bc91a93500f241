// One run of a session in device memory, for tests that need a GPU: those run where INFERENCE_EXP_TEST_GPU is set.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <span>
#include <vector>

#include "cuda/resources.hpp"
#include "runtime/session.hpp"

namespace inference_exp::testing {

inline bool gpu_wanted() { return std::getenv("INFERENCE_EXP_TEST_GPU") != nullptr; }

/// Output 0, of float32, for `input`, which goes up, stays there, and comes back on the request's stream alone.
inline std::vector<float> enqueue_on_gpu(const runtime::Session& session, std::span<const float> input, Shape shape) {
  const cuda::Context& context = cuda::Context::of_device(session.cuda_device().value());
  const cuda::ContextScope current(context);
  const auto request = session.create_request();
  runtime::DeviceRequest& device = *request->on_device();
  auto* const stream = static_cast<cuda::StreamHandle>(device.stream());
  cuda::DeviceBuffer memory(context);
  memory.reserve(input.size_bytes());
  cuda::copy_to_device(memory.address(), input.data(), input.size_bytes(), stream);
  device.set_device_input(0, {.data = memory.data(), .dtype = DType::f32, .shape = shape});
  device.enqueue();
  const runtime::DeviceTensorView output = device.device_output(0);
  EXPECT_EQ(output.dtype, DType::f32);
  std::vector<float> values(output.shape.element_count());
  cuda::copy_to_host(values.data(), reinterpret_cast<cuda::DevicePointer>(output.data), values.size() * sizeof(float),
                     stream);
  cuda::check(cuda::driver().stream_synchronize(stream), "cuStreamSynchronize");
  return values;
}

}  // namespace inference_exp::testing
