// One reusable call of a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inference_exp/backend.h"
#include "session.hpp"

namespace inference_exp::onnx {

/// What is bound to an input or output. Binding the same memory with the same shape again costs nothing.
class Binding {
 public:
  /// Whether `tensor` is what is bound already.
  [[nodiscard]] bool holds(const iexp_tensor& tensor) const noexcept;
  void remember(const iexp_tensor& tensor);
  void forget() noexcept { data_ = nullptr; }
  [[nodiscard]] bool bound() const noexcept { return data_ != nullptr; }
  [[nodiscard]] iexp_device device() const noexcept { return device_; }

 private:
  const void* data_ = nullptr;
  iexp_device device_{};
  std::vector<std::int64_t> shape_;
};

}  // namespace inference_exp::onnx

/// The handle of backend.h.
struct iexp_request {
  explicit iexp_request(iexp_session& opened);

  void set_input(std::size_t index, const iexp_tensor* tensor);
  void set_output(std::size_t index, const iexp_tensor* tensor);
  void run();
  void get_output(std::size_t index, iexp_tensor* tensor);

  [[nodiscard]] void* stream() const noexcept;
  /// Where the session computes on the CPU, the same as run().
  void enqueue();
  /// After enqueue(): run() brings outputs to the host, unless device memory was set for them.
  void get_device_output(std::size_t index, iexp_tensor* tensor);

 private:
  enum class Done : std::uint8_t { nothing, read, queued };

  void check_inputs() const;
  template <typename Body>
  void perform(Body&& body);
  void bind_all();
  void describe(std::size_t index, Ort::Value& value, iexp_device device, iexp_tensor& tensor);

  iexp_session& session_;
  Ort::RunOptions run_options_;
  std::vector<Ort::Value> inputs_;
  std::vector<Ort::Value> outputs_;
  std::vector<inference_exp::onnx::Binding> input_bindings_;
  std::vector<inference_exp::onnx::Binding> output_bindings_;
  std::vector<std::vector<std::int64_t>> output_shapes_;
  Ort::IoBinding queued_{nullptr};  ///< made by the first enqueue()
  Ort::RunOptions queued_options_{nullptr};
  std::vector<Ort::Value> queued_outputs_;
  Done done_ = Done::nothing;
};
