#include <algorithm>

#include "vision/contrast.hpp"
#include "vision/geometry.hpp"
#include "vision/pixel_steps.hpp"
#include "vision/preprocess.hpp"
#include "vision/raster.hpp"
#include "vision/resize_reference.hpp"

namespace inference_exp::vision {

namespace {

template <typename T>
Raster<T> load(const ImageView& image) {
  Raster<T> raster(image.size, T{0});
  copy_as_three_channels<T>(image, raster.values);
  return raster;
}

template <typename T>
Raster<T> cut(const Raster<T>& image, Rect window) {
  if (window == Rect{0, 0, image.size.width, image.size.height}) return image;
  Raster<T> part({window.width, window.height}, T{0});
  for (std::int32_t y = 0; y < window.height; ++y) {
    std::copy_n(image.pixel(window.x, window.y + y), std::ptrdiff_t{window.width} * 3, part.pixel(0, y));
  }
  return part;
}

template <typename T>
Raster<T> resize(const Raster<T>& image, Size target, Resampling resampling) {
  if (const auto kernel = torch_filter(resampling)) return resize_torch_reference(image, target, *kernel);
  return resampling == Resampling::pillow_bilinear ? resize_pillow_reference(image, target)
                                                   : resize_linear_reference(image, target);
}

template <typename T>
Raster<float> paste(const Raster<T>& image, const Placement& placement) {
  Raster<float> canvas(placement.metadata.inference_size, placement.padding);
  const Rect& where = placement.destination;
  for (std::int32_t y = 0; y < where.height; ++y) {
    std::copy_n(image.pixel(0, y), std::ptrdiff_t{where.width} * 3, canvas.pixel(where.x, where.y + y));
  }
  return canvas;
}

void write_planes(const Raster<float>& canvas, const Preprocessing& recipe, bool swap, std::span<float> chw) {
  const std::size_t plane = canvas.values.size() / 3;
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      chw[c * plane + i] = normalize(canvas.values[3 * i + (swap ? 2 - c : c)], recipe, c);
    }
  }
}

template <typename T>
void run(const ImageView& image, const Preprocessing& recipe, const Placement& placement, std::span<float> chw) {
  Raster<T> raster = load<T>(image);
  if (recipe.grayscale) to_grayscale(raster.values, is_rgb(image.format));
  if (recipe.contrast) {
    ContrastScratch scratch;
    enhance_contrast(*recipe.contrast, raster.size, raster.values, scratch);
  }
  const Raster<T> resized = resize(cut(raster, placement.window), placement.resized, recipe.resampling);
  write_planes(paste(cut(resized, placement.kept), placement), recipe, must_swap(image.format, recipe), chw);
}

}  // namespace

PreprocessingMetadata preprocess_reference(const ImageView& image, const Preprocessing& recipe, std::span<float> chw) {
  image.validate();
  const Placement placement = place(recipe, image.size);
  require_room(placement, chw);
  const ImageView cropped = image.crop(placement.metadata.static_crop);
  if (image.type == PixelType::u8) {
    run<std::uint8_t>(cropped, recipe, placement, chw);
  } else {
    run<float>(cropped, recipe, placement, chw);
  }
  return placement.metadata;
}

}  // namespace inference_exp::vision
