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

constexpr std::int32_t kCpu = 1;
constexpr std::int32_t kCuda = 2;
constexpr std::int32_t kCudaHost = 3;

std::byte* start_of(const iexp_tensor& tensor) { return static_cast<std::byte*>(tensor.data) + tensor.byte_offset; }

std::span<const std::int64_t> shape_of(const iexp_tensor& tensor) {
  return {tensor.shape, static_cast<std::size_t>(tensor.ndim)};
}

std::string text_of(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t dim : shape) {
    if (text.size() > 1) text += ", ";
    text += dim < 0 ? "?" : std::to_string(dim);
  }
  return text + "]";
}

[[noreturn]] void refuse(const Port& port, const std::string& what) {
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The tensor for \"" + port.name + "\" " + what + ".");
}

bool is_compact(const iexp_tensor& tensor) {
  if (tensor.strides == nullptr) return true;
  std::int64_t expected = 1;
  for (std::int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

void check_shape(const Port& port, std::span<const std::int64_t> shape) {
  const auto fits = [](std::int64_t dim, std::int64_t expected) {
    return dim >= 0 && (expected < 0 || dim == expected);
  };
  if (!std::ranges::equal(shape, port.shape, fits)) {
    refuse(port, "has the shape " + text_of(shape) + "; the network takes " + text_of(port.shape));
  }
}

std::size_t byte_size(const Port& port, const iexp_tensor& tensor) {
  constexpr std::size_t kLimit = std::numeric_limits<std::size_t>::max() / 16;
  std::size_t count = 1;
  for (const std::int64_t dim : shape_of(tensor)) {
    const auto extent = static_cast<std::size_t>(dim);
    if (extent != 0 && count > kLimit / extent) refuse(port, "is too large");
    count *= extent;
  }
  return count * (tensor.dtype.bits / 8U);
}

void check_tensor(const Port& port, const iexp_tensor& tensor) {
  const iexp_dtype& dtype = tensor.dtype;
  if (dtype.code != port.dtype.code || dtype.bits != port.dtype.bits || dtype.lanes != 1) {
    refuse(port, "has another element type than the network's");
  }
  if (tensor.ndim < 0 || (tensor.ndim > 0 && tensor.shape == nullptr)) refuse(port, "has no shape");
  check_shape(port, shape_of(tensor));
  if (!is_compact(tensor)) refuse(port, "is not compact row-major");
}

Ort::MemoryInfo cuda_memory(int device) { return {"Cuda", OrtDeviceAllocator, device, OrtMemTypeDefault}; }

Ort::MemoryInfo memory_info(const iexp_session& session, const Port& port, iexp_device device) {
  if (device.device_type == kCpu || device.device_type == kCudaHost) {
    return Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  }
  const bool reached = device.device_type == kCuda && session.cuda && session.cuda->device == device.device_id;
  if (!reached) refuse(port, "is on a device that this session cannot reach");
  return cuda_memory(device.device_id);
}

/// Wraps the caller's memory; nothing is copied.
Ort::Value wrap(const iexp_session& session, const Port& port, const iexp_tensor& tensor) {
  const std::size_t bytes = byte_size(port, tensor);
  const Ort::MemoryInfo memory = memory_info(session, port, tensor.device);
  return Ort::Value::CreateTensor(memory, start_of(tensor), bytes, tensor.shape, static_cast<std::size_t>(tensor.ndim),
                                  port.type);
}

const Port& port_at(const std::vector<Port>& ports, std::size_t index, const char* kind) {
  if (index < ports.size()) return ports[index];
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::string("The network has no ") + kind + " number " +
                                                  std::to_string(index) + ", only " + std::to_string(ports.size()) +
                                                  ".");
}

}  // namespace

bool Binding::holds(const iexp_tensor& tensor) const noexcept {
  return bound() && tensor.data != nullptr && data_ == start_of(tensor) && tensor.strides == nullptr &&
         device_.device_type == tensor.device.device_type && device_.device_id == tensor.device.device_id &&
         tensor.ndim >= 0 && (tensor.ndim == 0 || tensor.shape != nullptr) &&
         std::ranges::equal(shape_, shape_of(tensor));
}

void Binding::remember(const iexp_tensor& tensor) {
  const std::span<const std::int64_t> shape = shape_of(tensor);
  shape_.assign(shape.begin(), shape.end());
  device_ = tensor.device;
  data_ = start_of(tensor);
}

}  // namespace inference_exp::onnx

using inference_exp::onnx::Failure;
using inference_exp::onnx::Port;
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
  const Port& port = onnx::port_at(session_.inputs, index, "input");
  if (tensor == nullptr || tensor->data == nullptr) onnx::refuse(port, "is NULL");
  onnx::Binding& binding = input_bindings_[index];
  if (binding.holds(*tensor) && tensor->dtype.bits == port.dtype.bits && tensor->dtype.code == port.dtype.code) return;
  onnx::check_tensor(port, *tensor);
  binding.forget();
  inputs_[index] = onnx::wrap(session_, port, *tensor);
  binding.remember(*tensor);
}

void iexp_request::set_output(std::size_t index, const iexp_tensor* tensor) {
  const Port& port = onnx::port_at(session_.outputs, index, "output");
  onnx::Binding& binding = output_bindings_[index];
  if (tensor == nullptr) {
    binding.forget();
    outputs_[index] = Ort::Value(nullptr);
    done_ = Done::nothing;
    return;
  }
  if (tensor->data == nullptr) onnx::refuse(port, "is NULL");
  if (binding.holds(*tensor) && tensor->dtype.bits == port.dtype.bits && tensor->dtype.code == port.dtype.code) return;
  onnx::check_tensor(port, *tensor);
  binding.forget();
  done_ = Done::nothing;
  outputs_[index] = onnx::wrap(session_, port, *tensor);
  binding.remember(*tensor);
}

void iexp_request::check_inputs() const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!input_bindings_[i].bound()) onnx::refuse(session_.inputs[i], "is not set");
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
    from_host = from_host || input_bindings_[i].device().device_type != onnx::kCuda;
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
    if (!output_bindings_[i].bound() || output_bindings_[i].device().device_type == onnx::kCuda) continue;
    onnx::refuse(session_.outputs[i], "is in host memory, which a run that is only queued does not fill");
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
  const Port& port = onnx::port_at(session_.outputs, index, "output");
  if (tensor == nullptr) onnx::refuse(port, "is NULL");
  if (done_ != Done::read) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no output before a successful run.");
  }
  const onnx::Binding& binding = output_bindings_[index];
  describe(index, outputs_[index], binding.bound() ? binding.device() : iexp_device{onnx::kCpu, 0}, *tensor);
}

void iexp_request::get_device_output(std::size_t index, iexp_tensor* tensor) {
  const Port& port = onnx::port_at(session_.outputs, index, "output");
  if (tensor == nullptr) onnx::refuse(port, "is NULL");
  if (!session_.cuda) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The session computes on the CPU: its outputs are in host memory.");
  }
  const onnx::Binding& binding = output_bindings_[index];
  if (done_ == Done::queued) return describe(index, queued_outputs_.at(index), session_.device(), *tensor);
  if (done_ == Done::read && binding.bound() && binding.device().device_type == onnx::kCuda) {
    return describe(index, outputs_[index], binding.device(), *tensor);
  }
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The output \"" + port.name + "\" is not in device memory.",
                "Queue the run with enqueue; run brings outputs to the host.");
}
