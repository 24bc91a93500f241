#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/failure.hpp"
#include "runtime.hpp"
#include "session.hpp"

using inference_exp::backend::Failure;
using inference_exp::torch_backend::TensorPort;
using inference_exp::torch_backend::to_plugin;

namespace {

const TensorPort& port_of(std::span<const TensorPort> ports, std::size_t index) {
  if (index < ports.size()) return ports[index];
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no tensor number " + std::to_string(index) + ".");
}

/// Where a tensor lies, as far as a session placed at `placement` can reach it.
std::optional<at::Device> reachable(iexp_device device, at::Device placement) {
  if (device.device_type == 1) return at::kCPU;
  const iexp_device own = to_plugin(placement);
  if (device.device_type == own.device_type && device.device_id == own.device_id) return placement;
  return std::nullopt;
}

/// Borrows the memory of a tensor that fits the port.
at::Tensor borrow(const TensorPort& port, const iexp_tensor* tensor, at::Device placement) {
  const auto refuse = [&](const std::string& what) -> Failure {
    return {IEXP_ERROR_INVALID_PARAMETER, "The tensor for \"" + port.name + "\" " + what + "."};
  };
  if (tensor == nullptr || tensor->data == nullptr) throw refuse("is NULL");
  const std::optional<at::Device> device = reachable(tensor->device, placement);
  if (!device) throw refuse("is on a device that this session cannot reach");
  if (tensor->strides != nullptr) throw refuse("is not compact");
  const iexp_dtype wanted = to_plugin(port.dtype);
  if (tensor->dtype.code != wanted.code || tensor->dtype.bits != wanted.bits || tensor->dtype.lanes != 1) {
    throw refuse("has another element type");
  }
  bool fits = tensor->ndim == static_cast<std::int32_t>(port.shape.size());
  for (std::int32_t i = 0; fits && i < tensor->ndim; ++i) {
    const std::int64_t expected = port.shape[static_cast<std::size_t>(i)];
    fits = tensor->shape[i] > 0 && (expected < 0 || tensor->shape[i] == expected);
  }
  if (!fits) throw refuse("has a shape that the network does not take");
  return at::for_blob(static_cast<std::byte*>(tensor->data) + tensor->byte_offset,
                      at::IntArrayRef(tensor->shape, static_cast<std::size_t>(tensor->ndim)))
      .options(at::TensorOptions().dtype(port.dtype).device(*device))
      .target_device(*device)
      .make_tensor();
}

/// LibTorch's default stream of a CUDA device as the calling thread's, for as long as it lives.
class DefaultStream {
 public:
  explicit DefaultStream(at::Device device) {
    if (device.is_cuda()) guard_.reset_stream(c10::impl::VirtualGuardImpl(device.type()).getDefaultStream(device));
  }

 private:
  c10::OptionalStreamGuard guard_;
};

}  // namespace

iexp_request::iexp_request(const iexp_session& opened)
    : session_(opened),
      inputs_(opened.network->inputs().size()),
      targets_(opened.network->outputs().size()),
      device_results_(opened.network->outputs().size()),
      results_(opened.network->outputs().size()),
      shapes_(opened.network->outputs().size()) {}

void iexp_request::set_input(std::size_t index, const iexp_tensor* tensor) {
  inputs_.at(index) = borrow(port_of(session_.network->inputs(), index), tensor, session_.placement);
}

void iexp_request::set_output(std::size_t index, const iexp_tensor* tensor) {
  const TensorPort& port = port_of(session_.network->outputs(), index);
  targets_.at(index) = tensor != nullptr ? borrow(port, tensor, session_.placement) : at::Tensor();
}

void iexp_request::forward() {
  for (const at::Tensor& input : inputs_) {
    if (!input.defined()) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "An input is not set.");
  }
  for (at::Tensor& result : results_) result.reset();
  for (at::Tensor& result : device_results_) result.reset();
  inference_exp::torch_backend::use_threads(session_.threads);
  std::vector<at::Tensor> placed;
  placed.reserve(inputs_.size());
  for (const at::Tensor& input : inputs_) placed.push_back(input.to(session_.placement));
  std::vector<at::Tensor> outputs = session_.network->forward(placed);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!targets_[i].defined() || targets_[i].sizes() == outputs[i].sizes()) continue;
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  "The destination of output " + std::to_string(i) + " has another shape than the output.");
  }
  std::ranges::move(outputs, device_results_.begin());
}

void iexp_request::deliver(std::size_t index) {
  if (!targets_[index].defined()) {
    results_[index] = device_results_[index].to(at::kCPU).contiguous();
    return;
  }
  targets_[index].copy_(device_results_[index]);
  results_[index] = targets_[index];
}

void iexp_request::run() {
  const c10::InferenceMode guard;
  try {
    const DefaultStream stream(session_.placement);
    forward();
    for (std::size_t i = 0; i < device_results_.size(); ++i) deliver(i);
  } catch (const c10::Error& error) {
    inference_exp::torch_backend::rethrow(error);
  }
}

void iexp_request::enqueue() {
  if (!session_.placement.is_cuda()) return run();
  for (const at::Tensor& target : targets_) {
    if (!target.defined() || target.is_cuda()) continue;
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  "A destination is in host memory, which a run that is only queued does not fill.");
  }
  const c10::InferenceMode guard;
  try {
    const DefaultStream stream(session_.placement);
    forward();
    for (std::size_t i = 0; i < device_results_.size(); ++i) {
      at::Tensor& result = device_results_[i];
      result = targets_[i].defined() ? targets_[i].copy_(result, true) : result.to(session_.placement).contiguous();
    }
  } catch (const c10::Error& error) {
    inference_exp::torch_backend::rethrow(error);
  }
}

void iexp_request::describe(std::size_t index, const at::Tensor& output, iexp_tensor& tensor) {
  shapes_[index] = output.sizes().vec();
  tensor = {.data = output.data_ptr(),
            .device = to_plugin(output.device()),
            .ndim = static_cast<std::int32_t>(shapes_[index].size()),
            .dtype = to_plugin(session_.network->outputs()[index].dtype),
            .shape = shapes_[index].data(),
            .strides = nullptr,
            .byte_offset = 0};
}

void iexp_request::get_output(std::size_t index, iexp_tensor* tensor) {
  static_cast<void>(port_of(session_.network->outputs(), index));
  if (tensor == nullptr) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "tensor is NULL.");
  if (!results_[index].defined()) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The request has not run.");
  describe(index, results_[index], *tensor);
}

void iexp_request::get_device_output(std::size_t index, iexp_tensor* tensor) {
  static_cast<void>(port_of(session_.network->outputs(), index));
  if (tensor == nullptr) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "tensor is NULL.");
  if (!session_.placement.is_cuda()) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The session computes on the CPU: its outputs are in host memory.");
  }
  at::Tensor& result = device_results_[index];
  if (!result.defined()) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The request has not run.");
  const c10::InferenceMode guard;
  const DefaultStream stream(session_.placement);
  result = result.contiguous();  // as it crosses
  describe(index, result, *tensor);
}
