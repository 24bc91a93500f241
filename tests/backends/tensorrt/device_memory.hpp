// Device memory of a test's own.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/resources.hpp"
#include "runtime/session.hpp"

namespace inference_exp::test {

inline const cuda::Context& first_device() { return cuda::Context::of_device(0); }

/// Rows of two float32, in the memory of cuda:0.
class DeviceRows {
 public:
  explicit DeviceRows(std::vector<float> values) : rows_(values.size() / 2), buffer_(first_device()) {
    buffer_.reserve(bytes());
    write(std::move(values));
  }
  explicit DeviceRows(std::size_t rows) : DeviceRows(std::vector<float>(rows * 2)) {}

  void write(std::vector<float> values) {
    const cuda::ContextScope current(first_device());
    const cuda::Stream stream(first_device());
    cuda::copy_to_device(buffer_.address(), values.data(), bytes(), stream.handle());
    stream.synchronize();
  }
  [[nodiscard]] std::vector<float> read() const {
    std::vector<float> values(rows_ * 2);
    const cuda::ContextScope current(first_device());
    const cuda::Stream stream(first_device());
    cuda::copy_to_host(values.data(), buffer_.address(), bytes(), stream.handle());
    stream.synchronize();
    return values;
  }

  [[nodiscard]] cuda::DevicePointer address() const { return buffer_.address(); }
  [[nodiscard]] void* data() const { return buffer_.data(); }
  [[nodiscard]] std::size_t bytes() const { return rows_ * 2 * sizeof(float); }
  [[nodiscard]] runtime::DeviceTensorView view() const {
    return {.data = data(), .dtype = DType::f32, .shape = {static_cast<std::int64_t>(rows_), 2}};
  }

 private:
  std::size_t rows_;
  cuda::DeviceBuffer buffer_;
};

/// Waits for a request's stream.
inline void wait_for(const runtime::DeviceRequest& request) {
  const cuda::ContextScope current(first_device());
  cuda::check(cuda::driver().stream_synchronize(static_cast<cuda::StreamHandle>(request.stream())), "wait");
}

/// Queues a copy of a request's output on its stream.
inline void copy_output(const runtime::DeviceRequest& request, std::size_t index, const DeviceRows& to) {
  const cuda::ContextScope current(first_device());
  const auto from = reinterpret_cast<cuda::DevicePointer>(request.device_output(index).data);
  cuda::copy_on_device(to.address(), from, to.bytes(), static_cast<cuda::StreamHandle>(request.stream()));
}

}  // namespace inference_exp::test
