#include "runtime/batch_runner.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "core/aligned_buffer.hpp"
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

class Stopwatch {
 public:
  /// Seconds since the last call or the beginning.
  double lap() noexcept {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Shape without_batch_axis(const Shape& shape) { return Shape(shape.dims().subspan(1)); }

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
      if (output.shape.rank() == 0 || output.shape[0] != static_cast<std::int64_t>(batch)) {
        throw ModelRuntimeError("The output \"" + output_specs[i].name + "\" has the shape " +
                                    output.shape.to_string() + "; its first dimension should be the batch of " +
                                    std::to_string(batch) + ".",
                                "Export the model with the batch as the first axis of every output.");
      }
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

BatchLimits batch_limits(const Session& session, std::optional<std::int32_t> static_batch,
                         std::optional<std::int32_t> max_dynamic) {
  for (const std::optional<std::int32_t>& limit : {static_batch, max_dynamic}) {
    if (limit && *limit < 1) {
      throw CorruptedModelPackageError("A batch size of " + std::to_string(*limit) + " is not possible.",
                                       "static_batch_size and max_dynamic_batch_size must be at least 1.");
    }
  }
  const std::span<const TensorSpec> inputs = session.inputs();
  const std::int64_t dim = !inputs.empty() && inputs[0].shape.rank() > 0 ? inputs[0].shape[0] : -1;
  if (dim > 0) {
    if (static_batch && *static_batch != dim) {
      throw CorruptedModelPackageError("The package says that its batch size is " + std::to_string(*static_batch) +
                                           ", but its network takes batches of " + std::to_string(dim) + ".",
                                       "Export the package again.");
    }
    return {.min = static_cast<std::int32_t>(dim), .max = static_cast<std::int32_t>(dim)};
  }
  if (static_batch) return {.min = *static_batch, .max = *static_batch};
  return {.min = 1, .max = max_dynamic.value_or(kDefaultMaxDynamicBatch)};
}

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
                      Timings* timings) const {
  if (input_size.width < 1 || input_size.height < 1) {
    throw InvalidParameterError("A network input of " + std::to_string(input_size.width) + " x " +
                                std::to_string(input_size.height) + " pixels is not possible.");
  }
  const auto max = static_cast<std::size_t>(limits_.max);
  const auto min = static_cast<std::size_t>(limits_.min);
  ObjectPool<Workspace>::Lease workspace = workspaces_->take();
  try {
    Stopwatch watch;
    for (std::size_t begin = 0; begin < image_count; begin += max) {
      const std::size_t count = std::min(max, image_count - begin);
      const std::size_t batch = std::max(min, count);
      workspace->fill_input(begin, count, batch, input_size, fill);
      const double fill_time = watch.lap();
      workspace->request->run();
      workspace->read_outputs(count, batch);
      const double run_time = watch.lap();
      workspace->consume_outputs(begin, count, consume);
      const double consume_time = watch.lap();
      if (timings == nullptr) continue;
      timings->fill += fill_time;
      timings->run += run_time;
      timings->consume += consume_time;
    }
  } catch (...) {
    workspace.discard();
    throw;
  }
}

}  // namespace inference_exp::runtime
