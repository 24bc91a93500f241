#include "vision/resize_taps.hpp"

#include <algorithm>
#include <cmath>

namespace inference_exp::vision {

void ResizeTaps::build(std::int32_t in_length, std::int32_t out_length) {
  if (in == in_length && out == out_length && stride != 0) return;
  in = in_length;
  out = out_length;
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  const float support = std::max(scale, 1.F);
  const float inverse = scale > 1.F ? 1.F / scale : 1.F;
  stride = std::max<std::size_t>(2, static_cast<std::size_t>(std::ceil(support)) * 2 + 1);
  if (scale <= 1.F) stride = 2;
  first.assign(static_cast<std::size_t>(out), 0);
  count.assign(static_cast<std::size_t>(out), 0);
  weights.assign(static_cast<std::size_t>(out) * stride, 0.F);
  for (std::int32_t o = 0; o < out; ++o) {
    const auto index = static_cast<std::size_t>(o);
    const float center = scale * (static_cast<float>(o) + 0.5F);
    const std::int32_t low = std::max(static_cast<std::int32_t>(std::trunc(center - support + 0.5F)), 0);
    const std::int32_t high = std::min(static_cast<std::int32_t>(std::trunc(center + support + 0.5F)), in);
    float* const row = weights.data() + index * stride;
    first[index] = std::min(low, in - 1);
    count[index] = std::clamp(high - low, 1, static_cast<std::int32_t>(stride));
    float total = 0;
    for (std::int32_t t = 0; t < count[index]; ++t) {
      const float distance = std::abs((static_cast<float>(t + low) - center + 0.5F) * inverse);
      row[t] = std::max(0.F, 1.F - distance);
      total += row[t];
    }
    for (std::int32_t t = 0; t < count[index] && total != 0; ++t) row[t] /= total;
  }
}

ResizeTaps::Reach ResizeTaps::reach(std::int32_t first_cell, std::int32_t last_cell) const noexcept {
  if (first_cell >= last_cell) return {};
  // `first` and `first + count` never fall from pixel to pixel.
  const auto ends_by = [&](std::int32_t o) {
    const auto index = static_cast<std::size_t>(o);
    return first[index] + count[index] <= first_cell;
  };
  Reach reach{0, out};
  for (std::int32_t length = out; length > 0;) {
    const std::int32_t half = length / 2;
    if (ends_by(reach.begin + half)) {
      reach.begin += half + 1;
      length -= half + 1;
    } else {
      length = half;
    }
  }
  reach.end = static_cast<std::int32_t>(std::lower_bound(first.begin(), first.end(), last_cell) - first.begin());
  return reach;
}

}  // namespace inference_exp::vision
