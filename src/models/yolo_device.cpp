#include "models/yolo_device.hpp"

#include <algorithm>
#include <utility>

#include "models/device_kernels.hpp"
#include "runtime/tensor_cast.hpp"
#include "vision/cuda/grid_decoder.hpp"
#include "vision/cuda/mask_encoder.hpp"
#include "vision/cuda/preprocessor.hpp"

namespace inference_exp::models {
namespace {

/// An output that is read on the host after all: one image's part of it.
class HostCopy {
 public:
  explicit HostCopy(const cuda::Context& context) : staging_(context) {}

  /// Copies and waits.
  [[nodiscard]] TensorView fetch(const runtime::DeviceTensorView& tensor, cuda::StreamHandle stream) {
    TensorView view{.data = nullptr, .dtype = tensor.dtype, .shape = tensor.shape};
    staging_.reserve(view.byte_size());
    view.data = staging_.data();
    cuda::copy_to_host(staging_.data(), address_of(tensor), view.byte_size(), stream);
    cuda::wait(stream);
    if (view.dtype == DType::f32) return view;
    floats_.resize(view.shape.element_count());
    runtime::cast_to_float(view.data, view.dtype, floats_);
    return {.data = floats_.data(), .dtype = DType::f32, .shape = view.shape};
  }

 private:
  cuda::PinnedBuffer staging_;
  std::vector<float> floats_;
};

}  // namespace

/// Everything one call needs, reused from call to call.
struct YoloDevicePath::Workspace final : YoloDeviceOutputs {
  Workspace(const vision::gpu::Kernels& kernels, const cuda::Context& on, std::size_t outputs)
      : preprocessor(kernels, on), decoder(kernels, on), masks(kernels, on) {
    for (std::size_t i = 0; i < outputs; ++i) copies.emplace_back(on);
  }

  /// Remembers where the outputs of the slot's image are.
  void remember(const runtime::DeviceSlot& slot, std::span<const runtime::DeviceTensorView> outputs) {
    if (outputs_of_slot.size() <= slot.slot) outputs_of_slot.resize(slot.slot + 1);
    outputs_of_slot[slot.slot].assign(outputs.begin(), outputs.end());
  }

  /// Makes `slot` the one that the functions of YoloDeviceOutputs speak of.
  void collect(const runtime::DeviceSlot& slot) {
    current = slot;
    rows.clear();
    for (const vision::gpu::DetectionRow& row : decoder.rows(slot.slot)) {
      rows.push_back({{row.x1, row.y1, row.x2, row.y2}, row.score, row.class_id, row.anchor});
    }
  }

  [[nodiscard]] TensorView fetch(std::size_t index) override {
    return copies[index].fetch(outputs_of_slot[current.slot][index], current.stream);
  }

  [[nodiscard]] bool draw_masks(std::size_t prototypes, const vision::MaskOptions& options) override {
    const runtime::DeviceTensorView& tensor = outputs_of_slot[current.slot][prototypes];
    const bool readable = tensor.shape.rank() == 3 && (tensor.dtype == DType::f32 || tensor.dtype == DType::f16);
    const bool fits = readable && decoder.extra(current.slot).size() ==
                                      decoder.rows(current.slot).size() * static_cast<std::size_t>(tensor.shape[0]);
    if (!fits || !vision::gpu::DeviceMaskEncoder::supports(options)) return false;
    const vision::gpu::DevicePrototypes on_device{
        .values = address_of(tensor),
        .dtype = tensor.dtype,
        .channels = static_cast<std::size_t>(tensor.shape[0]),
        .size = {static_cast<std::int32_t>(tensor.shape[2]), static_cast<std::int32_t>(tensor.shape[1])}};
    masks.enqueue(current.slot, on_device, placements[current.image], options, decoder.rows(current.slot),
                  decoder.extra(current.slot), current.stream);
    cuda::wait(current.stream);
    return true;
  }

  [[nodiscard]] std::optional<std::string> run_lengths(std::size_t row) override {
    return masks.run_lengths(current.slot, row);
  }

  vision::gpu::DevicePreprocessor preprocessor;
  vision::gpu::DeviceGridDecoder decoder;
  vision::gpu::DeviceMaskEncoder masks;
  std::vector<PreprocessingMetadata> placements;  ///< one per image
  std::vector<std::vector<runtime::DeviceTensorView>> outputs_of_slot;
  std::vector<HostCopy> copies;  ///< one per output
  std::vector<YoloRow> rows;
  runtime::DeviceSlot current;
};

std::unique_ptr<YoloDevicePath> YoloDevicePath::make(const std::shared_ptr<const runtime::Session>& session,
                                                     runtime::BatchLimits limits, const YoloHead& head,
                                                     std::size_t row_output) {
  const DType rows = session->outputs()[row_output].dtype;
  if (!head.is_grid() || (rows != DType::f32 && rows != DType::f16)) return nullptr;
  const vision::gpu::Kernels* kernels = device_kernels(*session);
  if (kernels == nullptr) return nullptr;
  return std::unique_ptr<YoloDevicePath>(new YoloDevicePath(session, limits, head, row_output, *kernels));
}

YoloDevicePath::YoloDevicePath(const std::shared_ptr<const runtime::Session>& session, runtime::BatchLimits limits,
                               const YoloHead& head, std::size_t row_output, const vision::gpu::Kernels& kernels)
    : runner_(session, limits),
      head_(head),
      row_output_(row_output),
      workspaces_(std::make_unique<ObjectPool<Workspace>>(
          [&kernels, context = &runner_.context(), outputs = session->outputs().size()] {
            return std::make_unique<Workspace>(kernels, *context, outputs);
          })) {}

YoloDevicePath::~YoloDevicePath() = default;

bool YoloDevicePath::serves(const Preprocessing& recipe, std::span<const ImageView> images) noexcept {
  return std::ranges::all_of(
      images, [&](const ImageView& image) { return vision::gpu::DevicePreprocessor::supports(recipe, image); });
}

void YoloDevicePath::run(std::span<const ImageView> images, const Preprocessing& recipe, const RowFilter& filter,
                         Consume consume, const runtime::RunSettings& settings) const {
  ObjectPool<Workspace>::Lease lease = workspaces_->take();
  Workspace& workspace = *lease;
  workspace.placements.resize(images.size());

  const auto fill = [&](const runtime::DeviceSlot& slot, cuda::DevicePointer chw, DType dtype) {
    workspace.placements[slot.image] =
        workspace.preprocessor.run(slot.slot, images[slot.image], recipe, chw, dtype, slot.stream);
  };
  const auto read = [&](const runtime::DeviceSlot& slot, std::span<const runtime::DeviceTensorView> outputs) {
    const runtime::DeviceTensorView& rows = outputs[row_output_];
    check_row_shape(head_, rows.shape);
    const vision::gpu::DeviceGrid grid{.values = address_of(rows),
                                       .dtype = rows.dtype,
                                       .classes = head_.classes,
                                       .extra = head_.extra,
                                       .anchors = static_cast<std::size_t>(rows.shape[1])};
    workspace.decoder.enqueue(slot.slot, grid, filter.thresholds, filter.nms, slot.stream);
    workspace.remember(slot, outputs);
  };
  const auto answer = [&](const runtime::DeviceSlot& slot) {
    workspace.collect(slot);
    consume(
        {slot.image, workspace.placements[slot.image], workspace.rows, workspace.decoder.extra(slot.slot), workspace});
  };
  try {
    runner_.run(images.size(), recipe.target, fill, read, answer, settings);
  } catch (...) {
    lease.discard();  // what its slots hold is not known
    throw;
  }
}

}  // namespace inference_exp::models
