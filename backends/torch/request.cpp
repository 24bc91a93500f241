#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <string>

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

/// Borrows the memory of a host tensor that fits the port.
at::Tensor borrow(const TensorPort& port, const iexp_tensor* tensor) {
  const auto refuse = [&](const std::string& what) -> Failure {
    return {IEXP_ERROR_INVALID_PARAMETER, "The tensor for \"" + port.name + "\" " + what + "."};
  };
  if (tensor == nullptr || tensor->data == nullptr) throw refuse("is NULL");
  if (tensor->device.device_type != 1) throw refuse("is not in host memory");
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
  return at::from_blob(static_cast<std::byte*>(tensor->data) + tensor->byte_offset,
                       at::IntArrayRef(tensor->shape, static_cast<std::size_t>(tensor->ndim)),
                       at::TensorOptions().dtype(port.dtype));
}

}  // namespace

iexp_request::iexp_request(const iexp_session& opened)
    : session_(opened),
      inputs_(opened.network->inputs().size()),
      targets_(opened.network->outputs().size()),
      results_(opened.network->outputs().size()),
      shapes_(opened.network->outputs().size()) {}

void iexp_request::set_input(std::size_t index, const iexp_tensor* tensor) {
  inputs_.at(index) = borrow(port_of(session_.network->inputs(), index), tensor);
}

void iexp_request::set_output(std::size_t index, const iexp_tensor* tensor) {
  const TensorPort& port = port_of(session_.network->outputs(), index);
  targets_.at(index) = tensor != nullptr ? borrow(port, tensor) : at::Tensor();
}

void iexp_request::deliver(std::size_t index, const at::Tensor& output) {
  if (!targets_[index].defined()) {
    results_[index] = output.to(at::kCPU).contiguous();
    return;
  }
  if (targets_[index].sizes() != output.sizes()) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  "The destination of output " + std::to_string(index) + " has another shape than the output.");
  }
  targets_[index].copy_(output);
  results_[index] = targets_[index];
}

void iexp_request::run() {
  for (const at::Tensor& input : inputs_) {
    if (!input.defined()) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "An input is not set.");
  }
  const c10::InferenceMode guard;
  inference_exp::torch_backend::use_threads(session_.threads);
  try {
    std::vector<at::Tensor> placed;
    placed.reserve(inputs_.size());
    for (const at::Tensor& input : inputs_) placed.push_back(input.to(session_.device));
    const std::vector<at::Tensor> outputs = session_.network->forward(placed);
    for (std::size_t i = 0; i < outputs.size(); ++i) deliver(i, outputs[i]);
  } catch (const c10::Error& error) {
    inference_exp::torch_backend::rethrow(error);
  }
}

void iexp_request::get_output(std::size_t index, iexp_tensor* tensor) {
  const TensorPort& port = port_of(session_.network->outputs(), index);
  if (tensor == nullptr) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "tensor is NULL.");
  if (!results_[index].defined()) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The request has not run.");
  shapes_[index] = results_[index].sizes().vec();
  *tensor = {.data = results_[index].data_ptr(),
             .device = {.device_type = 1, .device_id = 0},
             .ndim = static_cast<std::int32_t>(shapes_[index].size()),
             .dtype = to_plugin(port.dtype),
             .shape = shapes_[index].data(),
             .strides = nullptr,
             .byte_offset = 0};
}
