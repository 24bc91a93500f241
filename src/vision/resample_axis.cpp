#include "vision/resample_axis.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace inference_exp::vision {

namespace {

std::int16_t fixed_point(float weight) {
  return static_cast<std::int16_t>(std::lrintf(weight * static_cast<float>(1 << kLinearBits)));
}

}  // namespace

void build_linear_axis(std::int32_t source, std::int32_t target, EdgeRule rule, LinearAxis& axis) {
  const auto size = static_cast<std::size_t>(target);
  axis.first.resize(size);
  axis.second.resize(size);
  axis.fraction.resize(size);
  for (auto& weights : axis.weight) weights.resize(size);
  // Two divisions, as OpenCV does; one would differ in the last bit.
  const double step = 1.0 / (static_cast<double>(target) / static_cast<double>(source));
  const std::int32_t last = source - 1;
  for (std::size_t d = 0; d < size; ++d) {
    auto fraction = static_cast<float>((static_cast<double>(d) + 0.5) * step - 0.5);
    auto index = static_cast<std::int32_t>(std::floor(fraction));
    fraction -= static_cast<float>(index);
    if (rule == EdgeRule::drop_fraction && (index < 0 || index >= last)) {
      index = std::clamp(index, 0, last);
      fraction = 0;
    }
    axis.first[d] = std::clamp(index, 0, last);
    axis.second[d] = std::clamp(index + 1, 0, last);
    axis.fraction[d] = fraction;
    axis.weight[0][d] = fixed_point(1.0F - fraction);
    axis.weight[1][d] = fixed_point(fraction);
  }
}

void build_triangle_axis(std::int32_t source, std::int32_t target, TriangleAxis& axis) {
  const double step = static_cast<double>(source) / static_cast<double>(target);
  const double support = std::max(1.0, step);
  axis.taps = std::min(static_cast<std::int32_t>(std::ceil(support)) * 2 + 1, source);
  const auto size = static_cast<std::size_t>(target);
  const auto taps = static_cast<std::size_t>(axis.taps);
  axis.first.resize(size);
  axis.count.resize(size);
  axis.weights.assign(size * taps, 0.0);
  axis.fixed.assign(size * taps, 0);
  for (std::size_t d = 0; d < size; ++d) {
    const double center = (static_cast<double>(d) + 0.5) * step;
    const std::int32_t low = std::max(static_cast<std::int32_t>(std::trunc(center - support + 0.5)), 0);
    const std::int32_t high = std::min(static_cast<std::int32_t>(std::trunc(center + support + 0.5)), source);
    axis.first[d] = low;
    axis.count[d] = high - low;
    const std::span<double> weights = std::span(axis.weights).subspan(d * taps, static_cast<std::size_t>(high - low));
    double sum = 0;
    for (std::size_t j = 0; j < weights.size(); ++j) {
      const double distance = (static_cast<double>(j) + low - center + 0.5) * (1.0 / support);
      weights[j] = std::max(0.0, 1.0 - std::abs(distance));
      sum += weights[j];
    }
    for (std::size_t j = 0; j < weights.size(); ++j) {
      if (sum != 0) weights[j] /= sum;
      axis.fixed[d * taps + j] = static_cast<std::int32_t>(std::trunc(weights[j] * (1 << kTriangleBits) + 0.5));
    }
  }
}

}  // namespace inference_exp::vision
