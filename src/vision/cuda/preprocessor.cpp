#include "vision/cuda/preprocessor.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "inference_exp/errors.hpp"
#include "vision/cuda/device_pointer.hpp"
#include "vision/pixel_steps.hpp"

namespace inference_exp::vision::gpu {

namespace {

bool keeps_target_size(ResizeMode mode) {
  return mode == ResizeMode::stretch || mode == ResizeMode::letterbox || mode == ResizeMode::letterbox_reflect_edges ||
         mode == ResizeMode::center_crop;
}

void require_supported(const Preprocessing& recipe, const ImageView& image, DType dtype) {
  if (dtype != DType::f32 && dtype != DType::f16) {
    throw InvalidParameterError(
        "Images cannot be prepared on the GPU for a network that takes " + std::string(dtype_name(dtype)) + ".",
        "Prepare them on the CPU.");
  }
  if (!DevicePreprocessor::supports(recipe, image)) {
    throw InvalidParameterError("This image or this pre-processing is not handled on the GPU.",
                                "Prepare the image on the CPU.");
  }
}

Planes describe_planes(const Placement& placement, const Preprocessing& recipe, const ImageView& window,
                       cuda::DevicePointer chw, DType dtype) {
  Planes planes;
  planes.values = device_pointer<void>(chw);
  planes.half = dtype == DType::f16;
  planes.width = placement.metadata.inference_size.width;
  planes.height = placement.metadata.inference_size.height;
  planes.left = placement.destination.x;
  planes.top = placement.destination.y;
  planes.inner_width = placement.destination.width;
  planes.inner_height = placement.destination.height;
  planes.divides = recipe.scaling_factor.has_value();
  planes.divisor = recipe.scaling_factor.value_or(1.F);
  planes.normalizes = recipe.normalization.has_value();
  const bool swap = must_swap(window.format, recipe);
  const bool gray = window.format == PixelFormat::gray;
  for (std::int32_t plane = 0; plane < 3; ++plane) {
    const auto p = static_cast<std::size_t>(plane);
    planes.channel_of_plane[p] = gray ? 0 : swap ? 2 - plane : plane;
    planes.padding[p] = normalize(placement.padding, recipe, p);
    if (!recipe.normalization) continue;
    planes.mean[p] = recipe.normalization->mean[p];
    planes.deviation[p] = recipe.normalization->std[p];
  }
  return planes;
}

}  // namespace

bool DevicePreprocessor::supports(const Preprocessing& recipe, const ImageView& image) noexcept {
  const bool resampling =
      recipe.resampling == Resampling::opencv_linear || recipe.resampling == Resampling::pillow_bilinear;
  return image.type == PixelType::u8 && resampling && keeps_target_size(recipe.resize_mode) && !recipe.grayscale &&
         !recipe.contrast;
}

DevicePreprocessor::Slot& DevicePreprocessor::slot(std::size_t index) {
  while (slots_.size() <= index) slots_.emplace_back(*context_);
  return slots_[index];
}

void DevicePreprocessor::send_tables(Slot& slot, const ResizeGeometry& geometry, cuda::StreamHandle stream) {
  if (!slot.resize.prepare(geometry)) return;
  try {
    slot.table_staging.reserve(slot.resize.bytes());
    slot.tables.reserve(slot.resize.bytes());
    slot.resize.write(slot.table_staging.data());
    cuda::copy_to_device(slot.tables.address(), slot.table_staging.data(), slot.resize.bytes(), stream);
  } catch (...) {
    slot.resize.invalidate();
    throw;
  }
}

// Part by part, so that the device fetches one while the next is being copied.
void DevicePreprocessor::send_pixels(Slot& slot, const ImageView& window, cuda::StreamHandle stream) {
  constexpr std::size_t kPartBytes = std::size_t{1} << 20;
  const std::size_t row_bytes =
      static_cast<std::size_t>(window.size.width) * static_cast<std::size_t>(channel_count(window.format));
  const std::span<const std::int32_t> rows = slot.resize.used_rows();
  slot.pixel_staging.reserve(rows.size() * row_bytes);
  slot.pixels.reserve(rows.size() * row_bytes);
  const std::size_t step = std::max<std::size_t>(1, kPartBytes / row_bytes);
  for (std::size_t begin = 0; begin < rows.size(); begin += step) {
    const std::size_t end = std::min(begin + step, rows.size());
    std::byte* const part = slot.pixel_staging.data() + begin * row_bytes;
    for (std::size_t i = begin; i < end; ++i) {
      std::memcpy(part + (i - begin) * row_bytes, window.data + rows[i] * window.row_stride, row_bytes);
    }
    cuda::copy_to_device(slot.pixels.address() + begin * row_bytes, part, (end - begin) * row_bytes, stream);
  }
}

PreprocessingMetadata DevicePreprocessor::run(std::size_t index, const ImageView& image, const Preprocessing& recipe,
                                              cuda::DevicePointer chw, DType dtype, cuda::StreamHandle stream) {
  image.validate();
  require_supported(recipe, image, dtype);
  const Placement placement = place(recipe, image.size);
  const ImageView window = image.crop(placement.metadata.static_crop).crop(placement.window);
  const cuda::ContextScope scope(*context_);
  Slot& slot = this->slot(index);
  send_tables(slot, {window.size, placement.resized, recipe.resampling}, stream);
  send_pixels(slot, window, stream);

  const std::int32_t channels = channel_count(window.format);
  const SourcePixels source{device_pointer<const std::uint8_t>(slot.pixels.address()),
                            static_cast<std::size_t>(window.size.width) * static_cast<std::size_t>(channels), channels};
  const Planes planes = describe_planes(placement, recipe, window, chw, dtype);
  const cuda::DevicePointer tables = slot.tables.address();
  const auto width = static_cast<std::size_t>(planes.width);
  const auto height = static_cast<std::size_t>(planes.height);
  if (recipe.resampling == Resampling::pillow_bilinear) {
    const PillowWork work{source, planes, slot.resize.triangle_columns(tables), slot.resize.triangle_rows(tables)};
    kernels_->for_each_pixel(Kernel::preprocess_pillow, work, width, height, stream);
  } else {
    const LinearWork work{source, planes, slot.resize.linear_columns(tables), slot.resize.linear_rows(tables)};
    kernels_->for_each_pixel(Kernel::preprocess_linear, work, width, height, stream);
  }
  return placement.metadata;
}

}  // namespace inference_exp::vision::gpu
