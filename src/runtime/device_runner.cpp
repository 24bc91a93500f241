#include "runtime/device_runner.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/stopwatch.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {

namespace {

DeviceTensorView part_of_image(const DeviceTensorView& output, std::size_t slot) {
  const Shape shape = without_batch_axis(output.shape);
  auto* const bytes = static_cast<std::byte*>(output.data);
  return {
      .data = bytes + slot * shape.element_count() * dtype_size(output.dtype), .dtype = output.dtype, .shape = shape};
}

}  // namespace

/// The buffers of one call.
struct DeviceRunner::Workspace {
  Workspace(const Session& session, const cuda::Context& context)
      : request(session.create_request()),
        device_request(request->on_device()),
        input_spec(session.inputs().front()),
        output_specs(session.outputs()),
        input(context),
        outputs(output_specs.size()),
        image_outputs(output_specs.size()) {
    if (device_request == nullptr) throw ModelRuntimeError("The session has a device, but its requests do not use it.");
    stream = static_cast<cuda::StreamHandle>(device_request->stream());
  }

  /// Queues images begin...begin + count and zero images up to `batch`.
  void fill_input(std::size_t begin, std::size_t count, std::size_t batch, Size size, Fill fill) {
    const Shape shape{static_cast<std::int64_t>(batch), 3, size.height, size.width};
    const std::size_t image_bytes = shape.element_count() / batch * dtype_size(input_spec.dtype);
    input.reserve(batch * image_bytes);
    for (std::size_t i = 0; i < count; ++i) {
      fill({begin + i, i, stream}, input.address() + i * image_bytes, input_spec.dtype);
    }
    if (batch > count) cuda::fill_zero(input.address() + count * image_bytes, (batch - count) * image_bytes, stream);
    device_request->set_device_input(0, {.data = input.data(), .dtype = input_spec.dtype, .shape = shape});
  }

  void find_outputs(std::size_t batch) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      outputs[i] = device_request->device_output(i);
      check_batch_axis(outputs[i].shape, batch, output_specs[i].name);
    }
  }

  void read_outputs(std::size_t begin, std::size_t count, Read read) {
    for (std::size_t slot = 0; slot < count; ++slot) {
      std::ranges::transform(outputs, image_outputs.begin(),
                             [slot](const DeviceTensorView& output) { return part_of_image(output, slot); });
      read({begin + slot, slot, stream}, image_outputs);
    }
  }

  std::unique_ptr<InferenceRequest> request;
  DeviceRequest* device_request;
  const TensorSpec& input_spec;
  std::span<const TensorSpec> output_specs;
  cuda::StreamHandle stream = nullptr;
  cuda::DeviceBuffer input;
  std::vector<DeviceTensorView> outputs;
  std::vector<DeviceTensorView> image_outputs;
};

bool DeviceRunner::serves(const Session& session) noexcept {
  const std::span<const TensorSpec> inputs = session.inputs();
  return session.cuda_device().has_value() && inputs.size() == 1 &&
         (inputs.front().dtype == DType::f32 || inputs.front().dtype == DType::f16);
}

DeviceRunner::DeviceRunner(std::shared_ptr<const Session> session, BatchLimits limits)
    : session_(std::move(session)), limits_(limits), context_(&cuda::Context::of_device(*session_->cuda_device())) {
  workspaces_ = std::make_unique<ObjectPool<Workspace>>(
      [network = session_.get(), context = context_] { return std::make_unique<Workspace>(*network, *context); });
}

DeviceRunner::~DeviceRunner() = default;

void DeviceRunner::run(std::size_t image_count, Size input_size, Fill fill, Read read, Consume consume,
                       const RunSettings& settings) const {
  require_input_size(input_size);
  with_device_errors([&] {
    const cuda::ContextScope current(*context_);
    ObjectPool<Workspace>::Lease workspace = workspaces_->take();
    try {
      workspace->request->allow_graphs(settings.cuda_graphs);
      Stopwatch watch;
      for (std::size_t begin = 0; begin < image_count;) {
        const BatchPart part = next_batch(begin, image_count, limits_);
        workspace->fill_input(part.begin, part.count, part.size, input_size, fill);
        const double fill_time = watch.lap();
        workspace->device_request->enqueue();
        workspace->find_outputs(part.size);
        workspace->read_outputs(part.begin, part.count, read);
        cuda::wait(workspace->stream);
        const double run_time = watch.lap();
        for (std::size_t i = 0; i < part.count; ++i) consume({part.begin + i, i, workspace->stream});
        if (settings.timings != nullptr) settings.timings->add(fill_time, run_time, watch.lap());
        begin += part.count;
      }
    } catch (...) {
      // Queued work may still use the buffers of this call, the caller's too.
      (void)cuda::driver().stream_synchronize(workspace->stream);
      workspace.discard();
      throw;
    }
  });
}

void with_device_errors(FunctionRef<void()> body) {
  try {
    body();
  } catch (const cuda::Error& error) {
    if (error.out_of_memory()) {
      throw OutOfDeviceMemoryError(error.what(),
                                   "Use a smaller batch, fewer calls at once, or free memory of the GPU.");
    }
    throw ModelRuntimeError(error.what());
  } catch (const cuda::Unavailable& unavailable) {
    throw EnvironmentConfigurationError(unavailable.what());
  }
}

}  // namespace inference_exp::runtime
