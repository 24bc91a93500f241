#include <algorithm>
#include <cmath>
#include <cstddef>

#include "vision/resize_reference.hpp"

namespace inference_exp::vision {

namespace {

// One output value of one pass; `step` is the distance between neighbours along the axis.
float filter(const float* cell, std::ptrdiff_t step, const ResizeTaps& taps, std::size_t o) {
  const float* const weights = taps.weights.data() + o * taps.stride;
  float sum = cell[0] * weights[0];
  for (std::int32_t t = 1; t < taps.count[o]; ++t) sum += cell[t * step] * weights[t];
  return sum;
}

Raster<float> resize_columns(const Raster<float>& image, std::int32_t width, AntialiasFilter kernel) {
  ResizeTaps taps;
  taps.build(image.size.width, width, kernel, 0, width);
  Raster<float> result({width, image.size.height}, 0.F);
  for (std::int32_t y = 0; y < image.size.height; ++y) {
    for (std::int32_t x = 0; x < width; ++x) {
      const auto o = static_cast<std::size_t>(x);
      for (int c = 0; c < 3; ++c) result.pixel(x, y)[c] = filter(image.pixel(taps.first[o], y) + c, 3, taps, o);
    }
  }
  return result;
}

Raster<float> resize_rows(const Raster<float>& image, std::int32_t height, AntialiasFilter kernel) {
  ResizeTaps taps;
  taps.build(image.size.height, height, kernel, 0, height);
  Raster<float> result({image.size.width, height}, 0.F);
  const std::ptrdiff_t step = std::ptrdiff_t{image.size.width} * 3;
  for (std::int32_t y = 0; y < height; ++y) {
    const auto o = static_cast<std::size_t>(y);
    for (std::int32_t x = 0; x < image.size.width; ++x) {
      for (int c = 0; c < 3; ++c) result.pixel(x, y)[c] = filter(image.pixel(x, taps.first[o]) + c, step, taps, o);
    }
  }
  return result;
}

}  // namespace

Raster<float> resize_torch_reference(const Raster<float>& image, Size target, AntialiasFilter kernel) {
  if (image.size == target) return image;
  return resize_rows(resize_columns(image, target.width, kernel), target.height, kernel);
}

Raster<std::uint8_t> resize_torch_reference(const Raster<std::uint8_t>& image, Size target, AntialiasFilter kernel) {
  if (image.size == target) return image;
  Raster<float> floats(image.size, 0.F);
  std::ranges::copy(image.values, floats.values.begin());
  const Raster<float> resized = resize_torch_reference(floats, target, kernel);
  Raster<std::uint8_t> result(target, 0);
  std::ranges::transform(resized.values, result.values.begin(), [](float value) {
    return static_cast<std::uint8_t>(std::nearbyint(std::clamp(value, 0.F, 255.F)));
  });
  return result;
}

}  // namespace inference_exp::vision
