#include "vision/resize_taps.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace inference_exp::vision {

namespace {

// Single and double precision change places where torch changes them: an f32 next to the constant 0.5 becomes a double.

float triangle(float x) {
  x = std::abs(x);
  return x < 1.F ? static_cast<float>(1.0 - static_cast<double>(x)) : 0.F;
}

// The outer branch is fused, as compilers fuse it for every processor that torch has vector code for.
float keys(float x) {
  x = std::abs(x);
  if (x >= 2.F) return 0;
  if (x >= 1.F) return std::fma(std::fma(x - 5.F, x, 8.F), x, -4.F) * -0.5F;
  const double exact = x;
  return static_cast<float>((1.5 * exact - 2.5) * exact * exact + 1.0);
}

// Truncates towards zero, as torch does; callers clamp what is negative.
std::int32_t boundary(float position) {
  return static_cast<std::int32_t>(std::trunc(static_cast<double>(position) + 0.5));
}

// How one axis is sampled.
struct Sampling {
  float (*kernel)(float);
  float scale;
  float support;
  float inverse;

  Sampling(std::int32_t in, std::int32_t out, AntialiasFilter filter)
      : kernel(filter == AntialiasFilter::bicubic ? keys : triangle),
        scale(static_cast<float>(in) / static_cast<float>(out)),
        support((filter == AntialiasFilter::bicubic ? 2.F : 1.F) * std::max(scale, 1.F)),
        inverse(scale >= 1.F ? 1.F / scale : 1.F) {}

  [[nodiscard]] float center(std::int32_t pixel) const {
    return static_cast<float>(static_cast<double>(scale) * (static_cast<double>(pixel) + 0.5));
  }

  // Weights of the cells from `low` on, normalised.
  void fill(std::span<float> weights, std::int32_t low, float middle) const {
    float total = 0;
    for (float& weight : weights) {
      const float distance = static_cast<float>(low++) - middle;
      weight = kernel(static_cast<float>((static_cast<double>(distance) + 0.5) * static_cast<double>(inverse)));
      total += weight;
    }
    if (total == 0) return;
    for (float& weight : weights) weight /= total;
  }
};

}  // namespace

void ResizeTaps::build(std::int32_t in_length, std::int32_t out_length) {
  build(in_length, out_length, AntialiasFilter::bilinear, 0, out_length);
}

void ResizeTaps::build(std::int32_t in_length, std::int32_t out_length, AntialiasFilter kernel, std::int32_t part_begin,
                       std::int32_t part_length) {
  const auto length = static_cast<std::size_t>(part_length);
  if (in == in_length && out == out_length && filter == kernel && begin == part_begin && stride != 0 &&
      first.size() == length) {
    return;
  }
  stride = 0;  // stays so if memory runs out below
  in = in_length;
  out = out_length;
  filter = kernel;
  begin = part_begin;
  const Sampling sampling(in, out, filter);
  const auto reach_one_way = static_cast<std::size_t>(std::ceil(sampling.support));
  const std::size_t taps = reach_one_way * 2 + (sampling.scale > 1.F ? 1 : 0);
  first.assign(length, 0);
  count.assign(length, 0);
  weights.assign(length * taps, 0.F);
  for (std::size_t o = 0; o < length; ++o) {
    const float center = sampling.center(begin + static_cast<std::int32_t>(o));
    const std::int32_t low = std::max(boundary(center - sampling.support), 0);
    const std::int32_t high = std::min(boundary(center + sampling.support), in);
    first[o] = std::min(low, in - 1);
    count[o] = std::clamp(high - low, 1, static_cast<std::int32_t>(taps));
    sampling.fill(std::span(weights).subspan(o * taps, static_cast<std::size_t>(count[o])), low, center);
  }
  stride = taps;
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
