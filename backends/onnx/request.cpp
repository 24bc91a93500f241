#include "request.hpp"

#include <onnxruntime_run_options_config_keys.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "common/failure.hpp"

namespace inference_exp::onnx {

using backend::Failure;

namespace {

Ort::MemoryInfo cuda_memory(int device) { return {"Cuda", OrtDeviceAllocator, device, OrtMemTypeDefault}; }

Ort::MemoryInfo memory_info(const iexp_session& session, const Port& port, iexp_device device) {
  if (device.device_type == backend::kCpu || device.device_type == backend::kCudaHost) {
    return Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  }
  const bool reached = device.device_type == backend::kCuda && session.cuda && session.cuda->device == device.device_id;
  if (!reached) backend::refuse_tensor(port.name, "is on a device that this session cannot reach");
  return cuda_memory(device.device_id);
}

/// Wraps the caller's memory; nothing is copied.
Ort::Value wrap(const iexp_session& session, const Port& port, const iexp_tensor& tensor) {
  const std::size_t bytes = backend::byte_size(port.name, port.dtype, backend::shape_of(tensor));
  const Ort::MemoryInfo memory = memory_info(session, port, tensor.device);
  return Ort::Value::CreateTensor(memory, backend::start_of(tensor), bytes, tensor.shape,
                                  static_cast<std::size_t>(tensor.ndim), port.type);
}

}  // namespace

}  // namespace inference_exp::onnx

using inference_exp::onnx::Failure;
using inference_exp::onnx::Port;
namespace backend = inference_exp::backend;
namespace onnx = inference_exp::onnx;

iexp_request::iexp_request(iexp_session& opened)
    : session_(opened),
      input_bindings_(opened.inputs.size()),
      output_bindings_(opened.outputs.size()),
      output_shapes_(opened.outputs.size()) {
  for (std::size_t i = 0; i < opened.inputs.size(); ++i) inputs_.emplace_back(nullptr);
  for (std::size_t i = 0; i < opened.outputs.size(); ++i) outputs_.emplace_back(nullptr);
}

void iexp_request::set_input(std::size_t index, const iexp_tensor* tensor) {
  const Port& port = backend::port_at(session_.inputs, index, "input");
  if (tensor == nullptr || tensor->data == nullptr) backend::refuse_tensor(port.name, "is NULL");
  backend::BoundTensor& binding = input_bindings_[index];
  if (binding.holds(port.dtype, *tensor)) return;
  backend::check_tensor(port.name, port.dtype, port.shape, *tensor);
  binding.forget();
  inputs_[index] = onnx::wrap(session_, port, *tensor);
  binding.remember(*tensor);
}

void iexp_request::set_output(std::size_t index, const iexp_tensor* tensor) {
  const Port& port = backend::port_at(session_.outputs, index, "output");
  backend::BoundTensor& binding = output_bindings_[index];
  if (tensor == nullptr) {
    binding.forget();
    outputs_[index] = Ort::Value(nullptr);
    done_ = Done::nothing;
    return;
  }
  if (tensor->data == nullptr) backend::refuse_tensor(port.name, "is NULL");
  if (binding.holds(port.dtype, *tensor)) return;
  backend::check_tensor(port.name, port.dtype, port.shape, *tensor);
  binding.forget();
  done_ = Done::nothing;
  outputs_[index] = onnx::wrap(session_, port, *tensor);
  binding.remember(*tensor);
}

void iexp_request::check_inputs() const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!input_bindings_[i].bound()) backend::refuse_tensor(session_.inputs[i].name, "is not set");
  }
}

/// Lets one run of a CUDA session be queued at a time, and gives its lack of memory a name.
template <typename Body>
void iexp_request::perform(Body&& body) {
  if (!session_.cuda) return body();
  const std::scoped_lock lock(*session_.cuda->queueing);
  try {
    body();
  } catch (const Ort::Exception& exception) {
    const std::string_view text = exception.what();
    const bool out_of_memory =
        text.find("Failed to allocate memory") != text.npos || text.find("CUDA failure 2:") != text.npos;
    if (!out_of_memory) throw;
    throw Failure(IEXP_ERROR_DEVICE_MEMORY, "ONNX Runtime ran out of device memory: " + std::string(text),
                  "Use a smaller batch or image size, or free memory of the GPU.");
  }
}

void iexp_request::run() {
  done_ = Done::nothing;
  check_inputs();
  // A value left from the last run would be taken as a destination of this one.
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!output_bindings_[i].bound()) outputs_[i] = Ort::Value(nullptr);
  }
  perform([this] {
    session_.session.Run(run_options_, session_.input_names.data(), inputs_.data(), inputs_.size(),
                         session_.output_names.data(), outputs_.data(), outputs_.size());
  });
  done_ = Done::read;
}

void* iexp_request::stream() const noexcept { return session_.cuda ? session_.cuda->stream : nullptr; }

/// Binds anew each time: inputs in host memory are copied by this, and outputs that nobody set get fresh memory.
void iexp_request::bind_all() {
  bool from_host = false;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    queued_.BindInput(session_.input_names[i], inputs_[i]);
    from_host = from_host || input_bindings_[i].device().device_type != backend::kCuda;
  }
  if (from_host) queued_.SynchronizeInputs();
  const Ort::MemoryInfo memory = onnx::cuda_memory(session_.cuda->device);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (output_bindings_[i].bound()) {
      queued_.BindOutput(session_.output_names[i], outputs_[i]);
    } else {
      queued_.BindOutput(session_.output_names[i], memory);
    }
  }
}

void iexp_request::enqueue() {
  if (!session_.cuda) return run();
  done_ = Done::nothing;
  check_inputs();
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!output_bindings_[i].bound() || output_bindings_[i].device().device_type == backend::kCuda) continue;
    backend::refuse_tensor(session_.outputs[i].name,
                           "is in host memory, which a run that is only queued does not fill");
  }
  if (!queued_) {
    queued_ = Ort::IoBinding(session_.session);
    queued_options_ = Ort::RunOptions();
    queued_options_.AddConfigEntry(kOrtRunOptionsConfigDisableSynchronizeExecutionProviders, "1");
  }
  queued_outputs_.clear();  // its memory serves this run, which is queued on the same stream
  perform([this] {
    bind_all();
    session_.session.Run(queued_options_, queued_);
    queued_outputs_ = queued_.GetOutputValues();
  });
  done_ = Done::queued;
}

void iexp_request::describe(std::size_t index, Ort::Value& value, iexp_device device, iexp_tensor& tensor) {
  const Port& port = session_.outputs[index];
  if (!value || !value.IsTensor()) {
    throw Failure(IEXP_ERROR_MODEL_RUNTIME, "The network left its output \"" + port.name + "\" without a value.");
  }
  const Ort::TensorTypeAndShapeInfo info = value.GetTensorTypeAndShapeInfo();
  std::vector<std::int64_t>& shape = output_shapes_[index];
  shape.resize(info.GetDimensionsCount());
  // Not GetShape, which makes a vector each time.
  Ort::ThrowOnError(Ort::GetApi().GetDimensions(info, shape.data(), shape.size()));
  tensor = {.data = value.GetTensorMutableRawData(),
            .device = device,
            .ndim = static_cast<std::int32_t>(shape.size()),
            .dtype = port.dtype,
            .shape = shape.data(),
            .strides = nullptr,
            .byte_offset = 0};
}

void iexp_request::get_output(std::size_t index, iexp_tensor* tensor) {
  const Port& port = backend::port_at(session_.outputs, index, "output");
  if (tensor == nullptr) backend::refuse_tensor(port.name, "is NULL");
  if (done_ != Done::read) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no output before a successful run.");
  }
  const backend::BoundTensor& binding = output_bindings_[index];
  describe(index, outputs_[index], binding.bound() ? binding.device() : iexp_device{backend::kCpu, 0}, *tensor);
}

void iexp_request::get_device_output(std::size_t index, iexp_tensor* tensor) {
  const Port& port = backend::port_at(session_.outputs, index, "output");
  if (tensor == nullptr) backend::refuse_tensor(port.name, "is NULL");
  if (!session_.cuda) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The session computes on the CPU: its outputs are in host memory.");
  }
  const backend::BoundTensor& binding = output_bindings_[index];
  if (done_ == Done::queued) return describe(index, queued_outputs_.at(index), session_.device(), *tensor);
  if (done_ == Done::read && binding.bound() && binding.device().device_type == backend::kCuda) {
    return describe(index, outputs_[index], binding.device(), *tensor);
  }
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The output \"" + port.name + "\" is not in device memory.",
                "Queue the run with enqueue; run brings outputs to the host.");
}
