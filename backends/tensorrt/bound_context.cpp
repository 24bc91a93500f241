#include "bound_context.hpp"

#include <algorithm>
#include <cstddef>

namespace inference_exp::tensorrt {

BoundContext::BoundContext(Engine& engine, const Ports& ports, const cuda::Context& context)
    : ports_(ports),
      context_(engine.create_context().release(), DeleteInContext{&context}),
      inputs_(ports.inputs.size()),
      outputs_(ports.outputs.size()) {}

void BoundContext::set_shapes(const RunKey& key, cuda::StreamHandle stream) {
  if (profile_ == key.profile && input_shapes_ == key.input_shapes && !output_shapes_.empty()) return;
  output_shapes_.clear();
  if (profile_ != key.profile) {
    profile_.reset();
    context_->set_profile(key.profile, stream);
    profile_ = key.profile;
  }
  input_shapes_.clear();
  for (std::size_t i = 0; i < ports_.inputs.size(); ++i) {
    context_->set_input_shape(ports_.inputs[i].name, key.input_shapes[i]);
  }
  input_shapes_ = key.input_shapes;
  read_output_shapes();
}

void BoundContext::read_output_shapes() {
  std::vector<Dimensions> shapes;
  for (const Port& port : ports_.outputs) shapes.push_back(context_->shape(port.name));
  output_shapes_ = std::move(shapes);
}

void BoundContext::set_addresses(const RunKey& key) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) set_address(ports_.inputs[i], inputs_[i], key.inputs[i]);
  for (std::size_t i = 0; i < outputs_.size(); ++i) set_address(ports_.outputs[i], outputs_[i], key.outputs[i]);
}

void BoundContext::set_address(const Port& port, void*& known, void* wanted) {
  if (known == wanted) return;
  known = nullptr;
  context_->set_address(port.name, wanted);
  known = wanted;
}

void BoundContext::enqueue(cuda::StreamHandle stream) { context_->enqueue(stream); }

void BoundContext::forget() noexcept {
  profile_.reset();
  input_shapes_.clear();
  output_shapes_.clear();
  std::ranges::fill(inputs_, nullptr);
  std::ranges::fill(outputs_, nullptr);
}

}  // namespace inference_exp::tensorrt
