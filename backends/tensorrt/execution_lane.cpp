#include "execution_lane.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

template <typename Buffer>
std::vector<Buffer> buffers(std::size_t count, const cuda::Context& context) {
  std::vector<Buffer> made;
  made.reserve(count);
  while (made.size() < count) made.emplace_back(context);
  return made;
}

}  // namespace

ExecutionLane::ExecutionLane(Engine& engine, const Ports& ports, const cuda::Context& context, bool use_graphs)
    : ports_(ports),
      context_(context),
      stream_(context),
      uploaded_(context),
      inputs_(buffers<cuda::DeviceBuffer>(ports.inputs.size(), context)),
      outputs_(buffers<cuda::DeviceBuffer>(ports.outputs.size(), context)),
      host_inputs_(buffers<cuda::PinnedBuffer>(ports.inputs.size(), context)),
      host_outputs_(buffers<cuda::PinnedBuffer>(ports.outputs.size(), context)),
      network_(engine, ports, context),
      graphs_(engine, ports, context, stream_),
      use_graphs_(use_graphs) {
  key_.input_shapes.resize(ports.inputs.size());
  key_.inputs.resize(ports.inputs.size());
  key_.outputs.resize(ports.outputs.size());
}

ExecutionLane::~ExecutionLane() {
  try {
    const cuda::ContextScope current(context_);
    drain();
    graphs_.clear();
  } catch (...) {  // the driver is gone, at the end of the process
  }
}

void ExecutionLane::prepare() {
  network_.set_shapes(key_, stream_.handle());
  for (std::size_t i = 0; i < ports_.outputs.size(); ++i) {
    if (std::ranges::find_if(output_shape(i), [](auto dim) { return dim < 0; }) == output_shape(i).end()) continue;
    throw Failure(IEXP_ERROR_MODEL_RUNTIME,
                  "The shape of the output \"" + ports_.outputs[i].name +
                      "\" depends on the input's values, which is not supported.",
                  "Export the model with outputs of fixed size, for example without suppression inside.");
  }
}

void ExecutionLane::grow(cuda::DeviceBuffer& buffer, std::size_t bytes) {
  const std::size_t needed = std::max<std::size_t>(bytes, 1);
  if (buffer.size() >= needed) return;
  synchronize();
  graphs_.clear();  // they hold the old address
  buffer.reserve(needed);
}

void ExecutionLane::grow(cuda::PinnedBuffer& buffer, std::size_t bytes) {
  const std::size_t needed = std::max<std::size_t>(bytes, 1);
  if (buffer.size() >= needed) return;
  synchronize();
  buffer.reserve(needed);
}

void ExecutionLane::wait_for_uploads() {
  if (!uploads_in_flight_) return;
  uploaded_.synchronize();
  uploads_in_flight_ = false;
}

void ExecutionLane::upload(std::size_t index, const void* from, std::size_t bytes, bool pinned) {
  grow(inputs_[index], bytes);
  if (!pinned) {
    grow(host_inputs_[index], bytes);
    wait_for_uploads();
    std::memcpy(host_inputs_[index].data(), from, bytes);
    from = host_inputs_[index].data();
  }
  cuda::copy_to_device(inputs_[index].address(), from, bytes, stream_.handle());
  key_.inputs[index] = inputs_[index].data();
}

void ExecutionLane::copy_input(std::size_t index, const void* from, std::size_t bytes) {
  grow(inputs_[index], bytes);
  cuda::copy_on_device(inputs_[index].address(), reinterpret_cast<cuda::DevicePointer>(from), bytes, stream_.handle());
  key_.inputs[index] = inputs_[index].data();
}

void ExecutionLane::use_own_output(std::size_t index, std::size_t bytes) {
  grow(outputs_[index], bytes);
  key_.outputs[index] = outputs_[index].data();
}

void ExecutionLane::enqueue(bool graphs_allowed) {
  uploaded_.record(stream_.handle());
  uploads_in_flight_ = true;
  if (use_graphs_ && graphs_allowed && graphs_.enqueue(key_)) return;
  network_.set_addresses(key_);
  network_.enqueue(stream_.handle());
}

void ExecutionLane::download(std::size_t index, std::size_t bytes, void* to) {
  cuda::copy_to_host(to, reinterpret_cast<cuda::DevicePointer>(key_.outputs[index]), bytes, stream_.handle());
}

void ExecutionLane::copy_output(std::size_t index, std::size_t bytes, void* to) {
  cuda::copy_on_device(reinterpret_cast<cuda::DevicePointer>(to),
                       reinterpret_cast<cuda::DevicePointer>(key_.outputs[index]), bytes, stream_.handle());
}

void* ExecutionLane::host_output(std::size_t index, std::size_t bytes) {
  grow(host_outputs_[index], bytes);
  return host_outputs_[index].data();
}

void ExecutionLane::synchronize() {
  stream_.synchronize();
  uploads_in_flight_ = false;
}

void ExecutionLane::drain() noexcept {
  try {
    synchronize();
  } catch (...) {  // reported when it happened, or of work that nobody waits for
  }
}

void ExecutionLane::recover() noexcept {
  drain();
  network_.forget();
  graphs_.clear();
}

}  // namespace inference_exp::tensorrt
