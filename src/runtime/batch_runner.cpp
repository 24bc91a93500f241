#include "runtime/batch_runner.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "core/aligned_buffer.hpp"
#include "core/stopwatch.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/tensor_cast.hpp"

namespace inference_exp::runtime {

namespace {

/// Memory that grows and is never cleared, but knows from where on it is still all zero. All-zero bytes are 0.0 in
/// every element type that an input can have.
class ZeroTailBuffer {
 public:
  /// At least `bytes` of memory; what was written before may move.
  void reserve(std::size_t bytes) {
    if (bytes <= bytes_.size()) return;
    bytes_ = {};  // first, so that both are never held at once
    written_ = 0;
    bytes_ = AlignedBuffer(bytes);
  }
  [[nodiscard]] std::byte* data() noexcept { return bytes_.data(); }
  /// The caller is about to write [0, used) and needs zeros in [used, end).
  void prepare(std::size_t used, std::size_t end) noexcept {
    const std::size_t stale = std::min(written_, end);
    if (stale > used) std::memset(data() + used, 0, stale - used);
    if (written_ <= end) written_ = std::min(written_, used);
    written_ = std::max(written_, used);
  }

 private:
  AlignedBuffer bytes_;
  std::size_t written_ = 0;
};

}  // namespace

/// The buffers of one call.
struct BatchRunner::Workspace {
  explicit Workspace(const Session& session)
      : request(session.create_request()),
        spec(session.inputs().front()),
        output_specs(session.outputs()),
        converted(output_specs.size()),
        outputs(output_specs.size()),
        image_outputs(output_specs.size()) {}

  /// Fills the network's input with images begin...begin + count and zero images up to `batch`.
  void fill_input(std::size_t begin, std::size_t count, std::size_t batch, Size size, FillSlot fill) {
    const Shape shape{static_cast<std::int64_t>(batch), 3, size.height, size.width};
    const std::size_t slot = shape.element_count() / batch;
    const bool direct = spec.dtype == DType::f32;
    staging.reserve((direct ? batch : 1) * slot * sizeof(float));
    if (direct) staging.prepare(count * slot * sizeof(float), batch * slot * sizeof(float));
    const std::size_t element = dtype_size(spec.dtype);
    if (!direct) {
      cast.reserve(batch * slot * element);
      cast.prepare(count * slot * element, batch * slot * element);
    }
    auto* floats = reinterpret_cast<float*>(staging.data());
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> pixels(floats + (direct ? i * slot : 0), slot);
      fill(begin + i, pixels);
      if (!direct) cast_from_float(pixels, spec.dtype, cast.data() + i * slot * element);
    }
    request->set_input(0, {.data = direct ? staging.data() : cast.data(), .dtype = spec.dtype, .shape = shape});
  }

  /// Reads all outputs, the first `count` images of each as floats.
  void read_outputs(std::size_t count, std::size_t batch) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      TensorView output = request->output(i);
      check_batch_axis(output.shape, batch, output_specs[i].name);
      output.shape[0] = static_cast<std::int64_t>(count);
      outputs[i] = output.dtype == DType::f32 ? output : as_floats(output, converted[i]);
    }
  }

  static TensorView as_floats(const TensorView& tensor, std::vector<float>& floats) {
    floats.resize(std::max(floats.size(), tensor.shape.element_count()));
    const std::span<float> destination(floats.data(), tensor.shape.element_count());
    cast_to_float(tensor.data, tensor.dtype, destination);
    return {.data = floats.data(), .dtype = DType::f32, .shape = tensor.shape};
  }

  void consume_outputs(std::size_t begin, std::size_t count, Consume consume) {
    for (std::size_t image = 0; image < count; ++image) {
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const Shape shape = without_batch_axis(outputs[i].shape);
        auto* floats = static_cast<float*>(outputs[i].data);
        image_outputs[i] = {.data = floats + image * shape.element_count(), .dtype = DType::f32, .shape = shape};
      }
      consume(begin + image, image_outputs);
    }
  }

  std::unique_ptr<InferenceRequest> request;
  const TensorSpec& spec;
  std::span<const TensorSpec> output_specs;
  ZeroTailBuffer staging;  ///< the network's input, or one image on its way to `cast`
  ZeroTailBuffer cast;     ///< the network's input where it is not float32
  std::vector<std::vector<float>> converted;
  std::vector<TensorView> outputs;
  std::vector<TensorView> image_outputs;
};

BatchRunner::BatchRunner(std::shared_ptr<const Session> session, BatchLimits limits)
    : session_(std::move(session)), limits_(limits) {
  if (limits_.min < 1 || limits_.max < limits_.min) {
    throw InvalidParameterError("The batch limits " + std::to_string(limits_.min) + " to " +
                                std::to_string(limits_.max) + " are not a range.");
  }
  const std::span<const TensorSpec> inputs = session_->inputs();
  if (inputs.size() != 1) {
    throw CorruptedModelPackageError("The network has " + std::to_string(inputs.size()) + " inputs; one was expected.",
                                     "Export the model with the image batch as its only input.");
  }
  const TensorSpec& input = inputs.front();
  if (input.shape.rank() != 4 || (input.shape[1] != 3 && input.shape[1] >= 0)) {
    throw CorruptedModelPackageError("The network's input \"" + input.name + "\" has the shape " +
                                         input.shape.to_string() + "; an image batch [B, 3, H, W] was expected.",
                                     "Export the model with inputs in that order.");
  }
  if (!can_cast_from_float(input.dtype)) {
    throw CorruptedModelPackageError("The network's input \"" + input.name + "\" has the element type " +
                                         std::string(dtype_name(input.dtype)) + ", which images cannot be cast to.",
                                     "Export the model with a float16, float32 or float64 input.");
  }
  workspaces_ = std::make_unique<ObjectPool<Workspace>>(
      [network = session_.get()] { return std::make_unique<Workspace>(*network); });
}

BatchRunner::~BatchRunner() = default;

void BatchRunner::run(std::size_t image_count, Size input_size, FillSlot fill, Consume consume,
                      const RunSettings& settings) const {
  require_input_size(input_size);
  ObjectPool<Workspace>::Lease workspace = workspaces_->take();
  try {
    workspace->request->allow_graphs(settings.cuda_graphs);
    Stopwatch watch;
    for (std::size_t begin = 0; begin < image_count;) {
      const BatchPart part = next_batch(begin, image_count, limits_);
      workspace->fill_input(part.begin, part.count, part.size, input_size, fill);
      const double fill_time = watch.lap();
      workspace->request->run();
      workspace->read_outputs(part.count, part.size);
      const double run_time = watch.lap();
      workspace->consume_outputs(part.begin, part.count, consume);
      if (settings.timings != nullptr) settings.timings->add(fill_time, run_time, watch.lap());
      begin += part.count;
    }
  } catch (...) {
    workspace.discard();
    throw;
  }
}

}  // namespace inference_exp::runtime
