// From bytes to a network's input, one output pixel a thread: resize, padding, channel order, scale, normalise, planes.
#pragma once

#include "vision/cuda/device.hpp"

namespace inference_exp::vision::gpu {

/// One output column or row of OpenCV's linear filter: two source pixels and their weights times 2048.
struct LinearTap {
  std::int32_t first = 0;
  std::int32_t second = 0;
  std::int16_t weight_first = 0;
  std::int16_t weight_second = 0;
};

/// One output column or row of Pillow's triangle filter: `count` source pixels from `first`.
struct TriangleTap {
  std::int32_t first = 0;
  std::int32_t count = 0;
};

/// One axis of Pillow's filter; weights (times 2^22) of output d start at d * stride.
struct TriangleTaps {
  const TriangleTap* taps = nullptr;
  const std::int32_t* weights = nullptr;
  std::int32_t stride = 0;
};

/// The picture on the device, rows without padding.
struct SourcePixels {
  const std::uint8_t* bytes = nullptr;
  std::size_t row_bytes = 0;
  std::int32_t channels = 3;

  [[nodiscard]] IEXP_DEVICE const std::uint8_t* at(std::int32_t x, std::int32_t y) const {
    return bytes + static_cast<std::size_t>(y) * row_bytes + static_cast<std::size_t>(x) * channels;
  }
};

/// The network's input and what happens to a byte on its way there.
struct Planes {
  void* values = nullptr;  ///< 3 x height x width, f32 or f16
  bool half = false;
  std::int32_t width = 0, height = 0;
  std::int32_t left = 0, top = 0;  ///< where the resized picture lies
  std::int32_t inner_width = 0, inner_height = 0;
  std::int32_t channel_of_plane[3] = {0, 1, 2};
  float padding[3] = {0, 0, 0};  ///< ready values
  bool divides = false;
  bool normalizes = false;
  float divisor = 1;
  float mean[3] = {0, 0, 0};
  float deviation[3] = {1, 1, 1};

  [[nodiscard]] IEXP_DEVICE bool contains(std::uint32_t x, std::uint32_t y) const {
    return x < static_cast<std::uint32_t>(width) && y < static_cast<std::uint32_t>(height);
  }
  [[nodiscard]] IEXP_DEVICE bool is_padding(std::int32_t x, std::int32_t y) const {
    return x < left || y < top || x >= left + inner_width || y >= top + inner_height;
  }
  IEXP_DEVICE void write(std::int32_t x, std::int32_t y, std::int32_t plane, float value) const {
    const std::size_t index =
        (static_cast<std::size_t>(plane) * height + static_cast<std::size_t>(y)) * width + static_cast<std::size_t>(x);
    if (half) {
      static_cast<std::uint16_t*>(values)[index] = to_half(value);
    } else {
      static_cast<float*>(values)[index] = value;
    }
  }
  /// True divisions, one after the other, as vision::normalize does them.
  [[nodiscard]] IEXP_DEVICE float scale(std::uint32_t byte, std::int32_t plane) const {
    auto value = static_cast<float>(byte);
    if (divides) value /= divisor;
    if (normalizes) value = (value - mean[plane]) / deviation[plane];
    return value;
  }
  IEXP_DEVICE void write_padding(std::int32_t x, std::int32_t y) const {
    for (std::int32_t plane = 0; plane < 3; ++plane) write(x, y, plane, padding[plane]);
  }
};

struct LinearWork {
  SourcePixels source;
  Planes planes;
  const LinearTap* columns = nullptr;
  const LinearTap* rows = nullptr;
};

struct PillowWork {
  SourcePixels source;
  Planes planes;
  TriangleTaps columns;
  TriangleTaps rows;
};

/// OpenCV's fixed-point arithmetic. Pixels that are taken unchanged and exact halves come out of the same formula.
IEXP_DEVICE void preprocess_linear(const LinearWork& work, std::uint32_t thread_x, std::uint32_t thread_y) {
  const Planes& planes = work.planes;
  if (!planes.contains(thread_x, thread_y)) return;
  const auto x = static_cast<std::int32_t>(thread_x);
  const auto y = static_cast<std::int32_t>(thread_y);
  if (planes.is_padding(x, y)) return planes.write_padding(x, y);
  const LinearTap column = work.columns[x - planes.left];
  const LinearTap row = work.rows[y - planes.top];
  const std::uint8_t* const top_left = work.source.at(column.first, row.first);
  const std::uint8_t* const top_right = work.source.at(column.second, row.first);
  const std::uint8_t* const bottom_left = work.source.at(column.first, row.second);
  const std::uint8_t* const bottom_right = work.source.at(column.second, row.second);
  for (std::int32_t plane = 0; plane < 3; ++plane) {
    const std::int32_t c = planes.channel_of_plane[plane];
    const std::int32_t top = column.weight_first * top_left[c] + column.weight_second * top_right[c];
    const std::int32_t bottom = column.weight_first * bottom_left[c] + column.weight_second * bottom_right[c];
    const std::int32_t sum = ((row.weight_first * (top >> 4)) >> 16) + ((row.weight_second * (bottom >> 4)) >> 16);
    planes.write(x, y, plane, planes.scale(static_cast<std::uint32_t>((sum + 2) >> 2), plane));
  }
}

/// Weighs bytes in Pillow's fixed point.
struct TriangleSum {
  std::uint32_t sum = 1U << 21;

  IEXP_DEVICE void add(std::uint32_t byte, std::int32_t weight) { sum += static_cast<std::uint32_t>(weight) * byte; }
  [[nodiscard]] IEXP_DEVICE std::uint32_t byte() const { return (sum >> 22) < 255U ? sum >> 22 : 255U; }
};

/// Pillow filters rows first and rounds to bytes in between. Here every output pixel does that for its own rows: more
/// arithmetic, but no picture in between.
IEXP_DEVICE void preprocess_pillow(const PillowWork& work, std::uint32_t thread_x, std::uint32_t thread_y) {
  const Planes& planes = work.planes;
  if (!planes.contains(thread_x, thread_y)) return;
  const auto x = static_cast<std::int32_t>(thread_x);
  const auto y = static_cast<std::int32_t>(thread_y);
  if (planes.is_padding(x, y)) return planes.write_padding(x, y);
  const std::int32_t column = x - planes.left;
  const std::int32_t row = y - planes.top;
  const TriangleTap across = work.columns.taps[column];
  const TriangleTap down = work.rows.taps[row];
  const std::int32_t* const across_weights =
      work.columns.weights + static_cast<std::size_t>(column) * work.columns.stride;
  const std::int32_t* const down_weights = work.rows.weights + static_cast<std::size_t>(row) * work.rows.stride;
  TriangleSum outer[3];
  for (std::int32_t i = 0; i < down.count; ++i) {
    const std::uint8_t* pixel = work.source.at(across.first, down.first + i);
    TriangleSum inner[3];
    for (std::int32_t j = 0; j < across.count; ++j, pixel += work.source.channels) {
      for (std::int32_t plane = 0; plane < 3; ++plane) {
        inner[plane].add(pixel[planes.channel_of_plane[plane]], across_weights[j]);
      }
    }
    for (std::int32_t plane = 0; plane < 3; ++plane) outer[plane].add(inner[plane].byte(), down_weights[i]);
  }
  for (std::int32_t plane = 0; plane < 3; ++plane) {
    planes.write(x, y, plane, planes.scale(outer[plane].byte(), plane));
  }
}

}  // namespace inference_exp::vision::gpu
