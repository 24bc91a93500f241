#include "request.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "common/failure.hpp"
#include "cuda_errors.hpp"
#include "profiles.hpp"

namespace backend = inference_exp::backend;
namespace trt = inference_exp::tensorrt;
using inference_exp::backend::Failure;
using Place = trt::Binding::Place;

namespace {

constexpr iexp_device kHost{.device_type = backend::kCpu, .device_id = 0};

trt::LanePool::Lease take_lane(iexp_session& session) {
  return trt::with_cuda_errors([&] {
    const inference_exp::cuda::ContextScope current(*session.context);
    return session.lanes.take();
  });
}

}  // namespace

iexp_request::iexp_request(iexp_session& opened)
    : session_(opened),
      lane_(take_lane(opened)),
      inputs_(opened.inputs.size()),
      outputs_(opened.outputs.size()),
      output_shapes_(opened.outputs.size()),
      host_outputs_(opened.outputs.size()) {}

iexp_request::~iexp_request() {
  try {
    const inference_exp::cuda::ContextScope current(*session_.context);
    if (damaged_) {
      lane_.discard();
    } else {
      lane_->synchronize();
    }
  } catch (...) {
    lane_.discard();
  }
}

/// Runs `body` in the device's context. After a failure nothing is queued any more.
template <typename Body>
void iexp_request::perform(Body&& body) {
  done_ = Done::nothing;
  trt::with_cuda_errors([&] {
    const inference_exp::cuda::ContextScope current(*session_.context);
    try {
      std::forward<Body>(body)();
    } catch (const Failure& failure) {
      if (failure.code() == IEXP_ERROR_INVALID_PARAMETER) {  // found before anything was asked of TensorRT
        lane_->drain();
        throw;
      }
      damaged_ = true;
      lane_->recover();
      throw;
    } catch (...) {
      damaged_ = true;
      lane_->recover();
      throw;
    }
  });
}

void iexp_request::set_input(std::size_t index, const iexp_tensor* tensor) {
  const trt::Port& port = backend::port_at(session_.inputs, index, "input");
  if (tensor == nullptr || tensor->data == nullptr) backend::refuse_tensor(port.name, "is NULL");
  trt::Binding& binding = inputs_[index];
  if (binding.holds(port.dtype, *tensor)) return;
  trt::Binding wanted;
  wanted.bind(port, *tensor, session_.context->index());
  trt::check_input_shape(port, wanted.shape());
  binding = std::move(wanted);
}

void iexp_request::set_output(std::size_t index, const iexp_tensor* tensor) {
  const trt::Port& port = backend::port_at(session_.outputs, index, "output");
  trt::Binding& binding = outputs_[index];
  if (tensor == nullptr) {
    binding.release();
    done_ = Done::nothing;
    return;
  }
  if (tensor->data == nullptr) backend::refuse_tensor(port.name, "is NULL");
  if (binding.holds(port.dtype, *tensor)) return;
  binding.bind(port, *tensor, session_.context->index());
  done_ = Done::nothing;
}

void iexp_request::set_shapes() {
  trt::RunKey& key = lane_->key();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].bound()) backend::refuse_tensor(session_.inputs[i].name, "is not set");
    key.input_shapes[i] = inputs_[i].shape();
  }
  key.profile = trt::choose_profile(session_.inputs, key.input_shapes);
  lane_->prepare();
}

void iexp_request::place_inputs() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const trt::Binding& input = inputs_[i];
    if (input.usable_directly()) {
      lane_->key().inputs[i] = input.data();
    } else if (input.on_device()) {
      lane_->copy_input(i, input.data(), input.bytes());
    } else {
      lane_->upload(i, input.data(), input.bytes(), input.place() == Place::pinned_host);
    }
  }
}

void iexp_request::place_outputs() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const trt::Port& port = session_.outputs[i];
    const trt::Dimensions& shape = lane_->output_shape(i);
    output_shapes_[i] = shape;
    const trt::Binding& output = outputs_[i];
    if (output.bound() && output.shape() != shape) {
      backend::refuse_tensor(port.name, "has the shape " + backend::text_of(output.shape()) +
                                            "; this run's output is " + backend::text_of(shape));
    }
    if (output.usable_directly()) {
      lane_->key().outputs[i] = output.data();
    } else {
      lane_->use_own_output(i, backend::byte_size(port.name, port.dtype, shape));
    }
  }
}

void iexp_request::queue() {
  set_shapes();
  place_outputs();
  place_inputs();
  lane_->enqueue(graphs_allowed_);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!outputs_[i].on_device() || outputs_[i].usable_directly()) continue;
    lane_->copy_output(i, outputs_[i].bytes(), outputs_[i].data());
  }
}

void iexp_request::read_back() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].on_device()) continue;
    const std::size_t bytes =
        backend::byte_size(session_.outputs[i].name, session_.outputs[i].dtype, output_shapes_[i]);
    host_outputs_[i] = outputs_[i].place() == Place::pinned_host ? outputs_[i].data() : lane_->host_output(i, bytes);
    lane_->download(i, bytes, host_outputs_[i]);
  }
  lane_->synchronize();
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].place() != Place::host) continue;
    std::memcpy(outputs_[i].data(), host_outputs_[i], outputs_[i].bytes());
    host_outputs_[i] = outputs_[i].data();
  }
}

void iexp_request::run() {
  perform([this] {
    queue();
    read_back();
  });
  done_ = Done::read;
}

void iexp_request::refuse_host_outputs() const {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!outputs_[i].on_host()) continue;
    backend::refuse_tensor(session_.outputs[i].name,
                           "is in host memory, which a run that is only queued does not fill");
  }
}

void iexp_request::enqueue() {
  perform([this] {
    refuse_host_outputs();
    queue();
  });
  done_ = Done::queued;
}

void iexp_request::set_option(std::string_view key, std::string_view value) {
  const bool known = key == "cuda_graphs" && (value == "on" || value == "off");
  if (!known) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  "A request has no option \"" + std::string(key) + "\" = \"" + std::string(value) + "\".",
                  R"(The trt backend knows "cuda_graphs" = "on" or "off".)");
  }
  graphs_allowed_ = value == "on";
}

void* iexp_request::stream() const noexcept { return lane_->stream(); }

void iexp_request::describe_output(std::size_t index, void* data, iexp_device device, iexp_tensor& tensor) {
  trt::Dimensions& shape = output_shapes_[index];
  tensor = {.data = data,
            .device = device,
            .ndim = static_cast<std::int32_t>(shape.size()),
            .dtype = session_.outputs[index].dtype,
            .shape = shape.data(),
            .strides = nullptr,
            .byte_offset = 0};
}

void iexp_request::get_output(std::size_t index, iexp_tensor* tensor) {
  const trt::Port& port = backend::port_at(session_.outputs, index, "output");
  if (tensor == nullptr) backend::refuse_tensor(port.name, "is NULL");
  if (done_ != Done::read) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no output before a successful run.");
  const trt::Binding& output = outputs_[index];
  if (output.on_device()) return describe_output(index, output.data(), output.device(), *tensor);
  describe_output(index, host_outputs_[index], kHost, *tensor);
}

void iexp_request::get_device_output(std::size_t index, iexp_tensor* tensor) {
  const trt::Port& port = backend::port_at(session_.outputs, index, "output");
  if (tensor == nullptr) backend::refuse_tensor(port.name, "is NULL");
  if (done_ == Done::nothing) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no output before a successful run.");
  }
  const trt::Binding& output = outputs_[index];
  describe_output(index, output.on_device() ? output.data() : lane_->key().outputs[index], session_.device(), *tensor);
}
