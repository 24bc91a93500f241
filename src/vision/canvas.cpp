#include "vision/canvas.hpp"

#include <algorithm>

namespace inference_exp::vision {

RowTarget Canvas::row(std::int32_t y) const {
  const Rect& where = placement_.destination;
  const std::size_t start =
      static_cast<std::size_t>(where.y + y) * static_cast<std::size_t>(placement_.metadata.inference_size.width) +
      static_cast<std::size_t>(where.x);
  RowTarget target;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    target.planes[channel] = plane(plane_of(channel)).data() + start;
    target.scales[channel] = &normalizer_.channels[plane_of(channel)];
  }
  target.kind = normalizer_.kind;
  target.width = static_cast<std::size_t>(where.width);
  target.gray = gray_;
  return target;
}

void Canvas::fill_padding(const std::array<float, 3>& values) const {
  const Rect& where = placement_.destination;
  const Size size = placement_.metadata.inference_size;
  const auto width = static_cast<std::size_t>(size.width);
  const auto left = static_cast<std::size_t>(where.x);
  const auto right = static_cast<std::size_t>(size.width - where.x - where.width);
  const auto top = static_cast<std::size_t>(where.y) * width;
  const auto bottom = static_cast<std::size_t>(size.height - where.y - where.height) * width;
  for (std::size_t index = 0; index < 3; ++index) {
    const std::span<float> pixels = plane(index);
    std::ranges::fill(pixels.first(top), values[index]);
    std::ranges::fill(pixels.last(bottom), values[index]);
    if (left == 0 && right == 0) continue;
    for (std::span<float> rows = pixels.subspan(top, pixels.size() - top - bottom); !rows.empty();
         rows = rows.subspan(width)) {
      std::ranges::fill(rows.first(left), values[index]);
      std::ranges::fill(rows.first(width).last(right), values[index]);
    }
  }
}

}  // namespace inference_exp::vision
