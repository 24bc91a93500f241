// One opened network and its reusable calls.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "inference_exp/backend.h"
#include "networks/network.hpp"

namespace inference_exp::torch_backend {

/// A network's port as it crosses the plug-in's border.
struct Port {
  std::string name;
  iexp_dtype dtype{};
  std::vector<std::int64_t> shape;  ///< -1 where dynamic
};

}  // namespace inference_exp::torch_backend

/// The handle of backend.h.
struct iexp_session {
  [[nodiscard]] iexp_device device() const noexcept;

  std::vector<inference_exp::torch_backend::Port> inputs;
  std::vector<inference_exp::torch_backend::Port> outputs;
  std::unique_ptr<inference_exp::torch_backend::Network> network;
  at::Device placement = at::kCPU;
  int threads = 1;
};

/// The handle of backend.h.
struct iexp_request {
  explicit iexp_request(const iexp_session& opened);

  void set_input(std::size_t index, const iexp_tensor* tensor);
  void set_output(std::size_t index, const iexp_tensor* tensor);
  void run();
  void get_output(std::size_t index, iexp_tensor* tensor);

  /// LibTorch's default stream, which is CUDA's legacy one; all work of a request is queued there, whatever stream the
  /// calling thread has chosen.
  [[nodiscard]] static void* stream() noexcept { return nullptr; }
  /// Where the network lies on the CPU, the same as run().
  void enqueue();
  void get_device_output(std::size_t index, iexp_tensor* tensor);

 private:
  /// One forward pass; its outputs stay on the session's device.
  void forward();
  void deliver(std::size_t index);
  void describe(std::size_t index, const at::Tensor& output, iexp_tensor& tensor);

  const iexp_session& session_;
  std::vector<at::Tensor> inputs_;          ///< borrowed memory
  std::vector<at::Tensor> targets_;         ///< borrowed memory, or undefined
  std::vector<at::Tensor> device_results_;  ///< on the session's device
  std::vector<at::Tensor> results_;         ///< in host memory
  std::vector<std::vector<std::int64_t>> shapes_;
};

namespace inference_exp::torch_backend {

/// Throws Failure: IEXP_ERROR_CORRUPTED_PACKAGE for a file that is no such network, IEXP_ERROR_ENVIRONMENT for a device
/// that is not here, IEXP_ERROR_INVALID_PARAMETER for settings that nothing can be made of.
[[nodiscard]] std::unique_ptr<iexp_session> open_session(const iexp_open_request& request);

[[nodiscard]] iexp_dtype to_plugin(at::ScalarType type) noexcept;
[[nodiscard]] iexp_device to_plugin(at::Device device) noexcept;

}  // namespace inference_exp::torch_backend
