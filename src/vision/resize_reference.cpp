#include "vision/resize_reference.hpp"

#include <algorithm>
#include <cstddef>

#include "vision/resample_axis.hpp"

namespace inference_exp::vision {

namespace {

std::uint8_t mean_of_four(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return static_cast<std::uint8_t>((a + b + c + d + 2) >> 2);
}

float mean_of_four(float a, float b, float c, float d) { return (a + b + c + d) * 0.25F; }

template <typename T>
Raster<T> halve(const Raster<T>& image, Size target) {
  Raster<T> result(target, T{0});
  for (std::int32_t y = 0; y < target.height; ++y) {
    for (std::int32_t x = 0; x < target.width; ++x) {
      const T* top = image.pixel(2 * x, 2 * y);
      const T* bottom = image.pixel(2 * x, 2 * y + 1);
      for (int c = 0; c < 3; ++c) result.pixel(x, y)[c] = mean_of_four(top[c], top[c + 3], bottom[c], bottom[c + 3]);
    }
  }
  return result;
}

// The four neighbours of one output value and the places of their weights.
template <typename T>
struct Neighbours {
  T top_left, top_right, bottom_left, bottom_right;
};

std::uint8_t interpolate(const Neighbours<std::uint8_t>& p, const LinearAxis& columns, std::size_t x,
                         const LinearAxis& rows, std::size_t y) {
  const int a0 = columns.weight[0][x];
  const int a1 = columns.weight[1][x];
  const int top = a0 * p.top_left + a1 * p.top_right;
  const int bottom = a0 * p.bottom_left + a1 * p.bottom_right;
  const int value = (((rows.weight[0][y] * (top >> 4)) >> 16) + ((rows.weight[1][y] * (bottom >> 4)) >> 16) + 2) >> 2;
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

float interpolate(const Neighbours<float>& p, const LinearAxis& columns, std::size_t x, const LinearAxis& rows,
                  std::size_t y) {
  const float a1 = columns.fraction[x];
  const float a0 = 1.0F - a1;
  const float top = p.top_left * a0 + p.top_right * a1;
  const float bottom = p.bottom_left * a0 + p.bottom_right * a1;
  return top * (1.0F - rows.fraction[y]) + bottom * rows.fraction[y];
}

template <typename T>
Raster<T> resize_linear(const Raster<T>& image, Size target) {
  if (image.size == target) return image;
  if (is_exact_half(image.size, target)) return halve(image, target);
  LinearAxis columns;
  LinearAxis rows;
  build_linear_axis(image.size.width, target.width, EdgeRule::drop_fraction, columns);
  build_linear_axis(image.size.height, target.height, EdgeRule::clamp_indices, rows);
  Raster<T> result(target, T{0});
  for (std::int32_t y = 0; y < target.height; ++y) {
    const auto row = static_cast<std::size_t>(y);
    for (std::int32_t x = 0; x < target.width; ++x) {
      const auto column = static_cast<std::size_t>(x);
      const T* top_left = image.pixel(columns.first[column], rows.first[row]);
      const T* top_right = image.pixel(columns.second[column], rows.first[row]);
      const T* bottom_left = image.pixel(columns.first[column], rows.second[row]);
      const T* bottom_right = image.pixel(columns.second[column], rows.second[row]);
      for (int c = 0; c < 3; ++c) {
        const Neighbours<T> neighbours{top_left[c], top_right[c], bottom_left[c], bottom_right[c]};
        result.pixel(x, y)[c] = interpolate(neighbours, columns, column, rows, row);
      }
    }
  }
  return result;
}

// One output value of one Pillow pass; `step` is the distance between neighbours along the axis.
std::uint8_t filter(const std::uint8_t* first, std::ptrdiff_t step, const TriangleAxis& axis, std::size_t d) {
  std::int64_t sum = std::int64_t{1} << (kTriangleBits - 1);
  for (std::int32_t j = 0; j < axis.count[d]; ++j) {
    sum += std::int64_t{axis.fixed[d * static_cast<std::size_t>(axis.taps) + static_cast<std::size_t>(j)]} *
           first[j * step];
  }
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> kTriangleBits, 0, 255));
}

float filter(const float* first, std::ptrdiff_t step, const TriangleAxis& axis, std::size_t d) {
  double sum = 0;
  for (std::int32_t j = 0; j < axis.count[d]; ++j) {
    sum += axis.weights[d * static_cast<std::size_t>(axis.taps) + static_cast<std::size_t>(j)] *
           static_cast<double>(first[j * step]);
  }
  return static_cast<float>(sum);
}

template <typename T>
Raster<T> resize_columns(const Raster<T>& image, std::int32_t width) {
  if (image.size.width == width) return image;
  TriangleAxis axis;
  build_triangle_axis(image.size.width, width, axis);
  Raster<T> result({width, image.size.height}, T{0});
  for (std::int32_t y = 0; y < image.size.height; ++y) {
    for (std::int32_t x = 0; x < width; ++x) {
      const auto d = static_cast<std::size_t>(x);
      for (int c = 0; c < 3; ++c) result.pixel(x, y)[c] = filter(image.pixel(axis.first[d], y) + c, 3, axis, d);
    }
  }
  return result;
}

template <typename T>
Raster<T> resize_rows(const Raster<T>& image, std::int32_t height) {
  if (image.size.height == height) return image;
  TriangleAxis axis;
  build_triangle_axis(image.size.height, height, axis);
  const std::ptrdiff_t step = std::ptrdiff_t{image.size.width} * 3;
  Raster<T> result({image.size.width, height}, T{0});
  for (std::int32_t y = 0; y < height; ++y) {
    const auto d = static_cast<std::size_t>(y);
    for (std::int32_t x = 0; x < image.size.width; ++x) {
      for (int c = 0; c < 3; ++c) result.pixel(x, y)[c] = filter(image.pixel(x, axis.first[d]) + c, step, axis, d);
    }
  }
  return result;
}

}  // namespace

Raster<std::uint8_t> resize_linear_reference(const Raster<std::uint8_t>& image, Size target) {
  return resize_linear(image, target);
}

Raster<float> resize_linear_reference(const Raster<float>& image, Size target) { return resize_linear(image, target); }

Raster<std::uint8_t> resize_pillow_reference(const Raster<std::uint8_t>& image, Size target) {
  return resize_rows(resize_columns(image, target.width), target.height);
}

Raster<float> resize_pillow_reference(const Raster<float>& image, Size target) {
  return resize_rows(resize_columns(image, target.width), target.height);
}

}  // namespace inference_exp::vision
