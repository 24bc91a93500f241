// One reusable call of a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/tensors.hpp"
#include "inference_exp/backend.h"
#include "session.hpp"

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
  std::vector<inference_exp::backend::BoundTensor> input_bindings_;
  std::vector<inference_exp::backend::BoundTensor> output_bindings_;
  std::vector<std::vector<std::int64_t>> output_shapes_;
  Ort::IoBinding queued_{nullptr};  ///< made by the first enqueue()
  Ort::RunOptions queued_options_{nullptr};
  std::vector<Ort::Value> queued_outputs_;
  Done done_ = Done::nothing;
};
