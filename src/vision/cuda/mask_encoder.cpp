#include "vision/cuda/mask_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "inference_exp/errors.hpp"
#include "vision/cuda/device_pointer.hpp"

namespace inference_exp::vision::gpu {

namespace {

/// Flips that a column may have on average before masks are left to the CPU; a smooth mask has two.
constexpr std::size_t kFlipsPerColumn = 4;

void require_encodable(const DevicePrototypes& prototypes, const MaskOptions& options, std::size_t rows,
                       std::size_t coefficients) {
  const bool readable = prototypes.dtype == DType::f32 || prototypes.dtype == DType::f16;
  if (readable && DeviceMaskEncoder::supports(options) && coefficients == rows * prototypes.channels) return;
  throw InvalidParameterError("These masks are not drawn on the GPU.", "Draw them on the CPU.");
}

/// What a box sees of the cells that show the picture, relative to the first of these.
Window visible_cells(const DetectionRow& row, Size prototypes, const Window& image) {
  const Window box = box_cells({row.x1, row.y1, row.x2, row.y2}, prototypes);
  const Window cells{std::max(box.x0, image.x0) - image.x0, std::max(box.y0, image.y0) - image.y0,
                     std::min(box.x1, image.x1) - image.x0, std::min(box.y1, image.y1) - image.y0};
  return cells.empty() ? Window{} : cells;
}

std::size_t area(std::int32_t width, std::int32_t height) {
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

/// Puts arrays one after the other into host memory and tells where they are in the device's copy.
class InputWriter {
 public:
  InputWriter(std::byte* host, cuda::DevicePointer device) : host_(host), device_(device) {}

  template <typename T>
  const T* add(std::span<const T> values) {
    if (!values.empty()) std::memcpy(host_ + written_, values.data(), values.size_bytes());
    const T* const place = device_pointer<const T>(device_ + written_);
    written_ += values.size_bytes();
    return place;
  }
  MaskTaps add(const ResizeTaps& taps) {
    return {add<std::int32_t>(taps.first), add<std::int32_t>(taps.count), add<float>(taps.weights),
            static_cast<std::int32_t>(taps.stride)};
  }
  [[nodiscard]] std::size_t written() const noexcept { return written_; }

 private:
  std::byte* host_;
  cuda::DevicePointer device_;
  std::size_t written_ = 0;
};

std::size_t taps_bytes(const ResizeTaps& taps) {
  return (taps.first.size() + taps.count.size()) * sizeof(std::int32_t) + taps.weights.size() * sizeof(float);
}

std::size_t answers_end(std::size_t masks) { return sizeof(std::uint32_t) + masks * sizeof(MaskAnswer); }

}  // namespace

void DeviceMaskEncoder::place_windows(Slot& slot, const DevicePrototypes& prototypes,
                                      const PreprocessingMetadata& placement, std::span<const DetectionRow> rows) {
  slot.canvas = placement.original_size;
  slot.crop = {placement.static_crop.x, placement.static_crop.y, placement.size_after_pre_processing.width,
               placement.size_after_pre_processing.height};
  const Window image = image_cells(prototypes.size, placement);
  if (!image.empty()) {
    slot.columns.build(image.width(), slot.crop.width);
    slot.rows.build(image.height(), slot.crop.height);
  }
  slot.windows.assign(rows.size(), {});
  std::size_t cells = 0;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < rows.size() && !image.empty(); ++i) {
    const Window seen = visible_cells(rows[i], prototypes.size, image);
    const ResizeTaps::Reach across = slot.columns.reach(seen.x0, seen.x1);
    const ResizeTaps::Reach down = slot.rows.reach(seen.y0, seen.y1);
    MaskWindow& window = slot.windows[i];
    window = {seen.x0 + image.x0,
              seen.y0 + image.y0,
              seen.x0,
              seen.y0,
              seen.width(),
              seen.height(),
              across.begin,
              down.begin,
              std::max(0, across.end - across.begin),
              std::max(0, down.end - down.begin),
              static_cast<std::uint32_t>(cells),
              static_cast<std::uint32_t>(columns)};
    cells += area(window.cell_width, window.cell_height);
    columns += static_cast<std::size_t>(window.width);
  }
}

void DeviceMaskEncoder::send_inputs(Slot& slot, std::span<const float> coefficients, MaskWork& work,
                                    cuda::StreamHandle stream) {
  const std::span<const MaskWindow> windows = slot.windows;
  const std::size_t bytes =
      windows.size_bytes() + coefficients.size_bytes() + taps_bytes(slot.columns) + taps_bytes(slot.rows);
  slot.staging.reserve(bytes);
  slot.inputs.reserve(bytes);
  InputWriter inputs(slot.staging.data(), slot.inputs.address());
  work.windows = inputs.add(windows);
  work.coefficients = inputs.add(coefficients);
  work.columns = inputs.add(slot.columns);
  work.rows = inputs.add(slot.rows);
  cuda::copy_to_device(slot.inputs.address(), slot.staging.data(), inputs.written(), stream);
}

void DeviceMaskEncoder::enqueue_kernels(Slot& slot, MaskWork& work, cuda::StreamHandle stream) const {
  std::size_t cells = 0;
  std::size_t largest = 0;
  std::size_t columns = 0;
  for (const MaskWindow& window : slot.windows) {
    const std::size_t of_window = area(window.cell_width, window.cell_height);
    cells += of_window;
    largest = std::max(largest, of_window);
    columns += static_cast<std::size_t>(window.width);
  }
  const std::size_t room = kFlipsPerColumn * columns;
  const std::size_t masks = slot.windows.size();
  const std::size_t bytes = answers_end(masks) + room * sizeof(MaskFlip);
  slot.work.reserve(std::max<std::size_t>(1, cells * sizeof(float) + columns * sizeof(std::uint32_t)));
  slot.result.reserve(bytes);
  slot.answer.reserve(bytes);
  work.masks = static_cast<std::uint32_t>(masks);
  work.cells = device_pointer<float>(slot.work.address());
  work.column_flips = device_pointer<std::uint32_t>(slot.work.address() + cells * sizeof(float));
  work.used = device_pointer<std::uint32_t>(slot.result.address());
  work.answers = device_pointer<MaskAnswer>(slot.result.address() + sizeof(std::uint32_t));
  work.flips = device_pointer<MaskFlip>(slot.result.address() + answers_end(masks));
  work.room = static_cast<std::uint32_t>(room);
  cuda::fill_zero(slot.result.address(), sizeof(std::uint32_t), stream);
  if (largest != 0) kernels_->for_each_pixel(Kernel::combine_mask_cells, work, largest, masks, stream);
  kernels_->for_each_block(Kernel::find_mask_flips, work, masks, stream);
  cuda::copy_to_host(slot.answer.data(), slot.result.address(), bytes, stream);
}

void DeviceMaskEncoder::enqueue(std::size_t index, const DevicePrototypes& prototypes,
                                const PreprocessingMetadata& placement, const MaskOptions& options,
                                std::span<const DetectionRow> rows, std::span<const float> coefficients,
                                cuda::StreamHandle stream) {
  require_encodable(prototypes, options, rows.size(), coefficients.size());
  const cuda::ContextScope scope(*context_);
  while (slots_.size() <= index) slots_.emplace_back(*context_);
  Slot& slot = slots_[index];
  slot.masks = 0;
  if (rows.empty()) return;
  place_windows(slot, prototypes, placement, rows);
  MaskWork work;
  work.prototypes = {device_pointer<const void>(prototypes.values), prototypes.dtype == DType::f16};
  work.channels = static_cast<std::uint32_t>(prototypes.channels);
  work.prototype_width = prototypes.size.width;
  work.plane = static_cast<std::uint32_t>(area(prototypes.size.width, prototypes.size.height));
  work.smoothing = options.smoothing;
  work.threshold = options.threshold;
  send_inputs(slot, coefficients, work, stream);
  enqueue_kernels(slot, work, stream);
  slot.masks = rows.size();
}

std::optional<std::string> DeviceMaskEncoder::run_lengths(std::size_t index, std::size_t mask) {
  if (index >= slots_.size() || mask >= slots_[index].masks) return std::nullopt;
  const Slot& slot = slots_[index];
  MaskAnswer answer;
  std::memcpy(&answer, slot.answer.data() + sizeof(std::uint32_t) + mask * sizeof(answer), sizeof(answer));
  if (answer.state != MaskState::sure) return std::nullopt;
  const auto height = static_cast<std::uint64_t>(slot.canvas.height);
  const std::byte* const flips = slot.answer.data() + answers_end(slot.masks);
  for (std::size_t i = 0; i < answer.count; ++i) {
    MaskFlip flip;
    std::memcpy(&flip, flips + (answer.first + i) * sizeof(flip), sizeof(flip));
    writer_.flip_at(static_cast<std::uint64_t>(flip.column + slot.crop.x) * height +
                    static_cast<std::uint64_t>(flip.row + slot.crop.y));
  }
  return writer_.finish(height * static_cast<std::uint64_t>(slot.canvas.width));
}

}  // namespace inference_exp::vision::gpu
