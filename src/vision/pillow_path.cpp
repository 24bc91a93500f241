#include "vision/pillow_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace inference_exp::vision {

namespace {

void build_triangle_columns(std::int32_t source, std::int32_t target, std::int32_t channels, TriangleColumns& columns) {
  TriangleAxis axis;
  build_triangle_axis(source, target, axis);
  columns.channels = channels;
  columns.taps = axis.taps;
  columns.width = static_cast<std::size_t>(target);
  const std::size_t stride = padded(columns.width);
  const auto taps = static_cast<std::size_t>(axis.taps);
  columns.offset.assign(stride, 0);
  columns.weight.assign(stride * taps, 0);
  for (std::size_t x = 0; x < columns.width; ++x) {
    columns.offset[x] = axis.first[x] * channels;
    for (std::size_t tap = 0; tap < taps; ++tap) columns.weight[tap * stride + x] = axis.fixed[x * taps + tap];
  }
}

}  // namespace

void PillowPath::prepare(Size source, Size target, std::int32_t channels) {
  if (source == source_ && target == target_ && channels == columns_.channels) return;
  source_ = {};  // stays so if memory runs out below
  build_triangle_columns(source.width, target.width, channels, columns_);
  build_triangle_axis(source.height, target.height, rows_);
  const auto readable = static_cast<std::size_t>(source.width) + static_cast<std::size_t>(columns_.taps);
  source_row_.assign(readable * static_cast<std::size_t>(channels) + sizeof(std::uint32_t), 0);
  taps_.resize(static_cast<std::size_t>(rows_.taps));
  ring_.assign(padded(columns_.width) * taps_.size(), 0);
  source_ = source;
  target_ = target;
}

std::span<std::uint32_t> PillowPath::ring_row(std::int32_t row) {
  const std::size_t stride = padded(columns_.width);
  return std::span(ring_).subspan(static_cast<std::size_t>(row % rows_.taps) * stride, stride);
}

void PillowPath::filter_row(const ImageView& image, std::int32_t row) {
  std::memcpy(source_row_.data(), image.data + row * image.row_stride,
              static_cast<std::size_t>(image.size.width) * static_cast<std::size_t>(columns_.channels));
  filter_columns(source_row_.data(), columns_, ring_row(row));
}

void PillowPath::run(const ImageView& image, const Canvas& canvas) {
  prepare(image.size, canvas.resized(), channel_count(image.format));
  std::int32_t next = 0;  // the first source row that is not filtered yet
  for (std::int32_t y = 0; y < target_.height; ++y) {
    const auto d = static_cast<std::size_t>(y);
    const std::int32_t end = rows_.first[d] + rows_.count[d];
    for (next = std::max(next, rows_.first[d]); next < end; ++next) filter_row(image, next);
    const auto count = static_cast<std::size_t>(rows_.count[d]);
    for (std::size_t tap = 0; tap < count; ++tap) {
      taps_[tap] = ring_row(rows_.first[d] + static_cast<std::int32_t>(tap)).data();
    }
    filter_rows(std::span(taps_).first(count), std::span(rows_.fixed).subspan(d * taps_.size(), count), canvas.row(y));
  }
}

}  // namespace inference_exp::vision
