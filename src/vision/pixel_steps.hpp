// Small steps that the plain and the fast pre-processing share.
#pragma once

#include <cstddef>
#include <span>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"
#include "vision/geometry.hpp"

namespace inference_exp::vision {

[[nodiscard]] constexpr bool is_rgb(PixelFormat format) {
  return format == PixelFormat::rgb || format == PixelFormat::rgba;
}

/// Whether the network wants the channels in the other order. Gray has none.
[[nodiscard]] constexpr bool must_swap(PixelFormat format, const Preprocessing& recipe) {
  return format != PixelFormat::gray && is_rgb(format) != (recipe.color_mode == ColorMode::rgb);
}

/// Scales and normalises one value of network channel `channel`: true single-precision divisions, one after the other.
[[nodiscard]] inline float normalize(float value, const Preprocessing& recipe, std::size_t channel) {
  if (recipe.scaling_factor) value /= *recipe.scaling_factor;
  if (recipe.normalization) value = (value - recipe.normalization->mean[channel]) / recipe.normalization->std[channel];
  return value;
}

/// Copies pixels without alpha, gray three times, into packed rows; `values` holds 3 * width * height values.
template <typename T>
void copy_as_three_channels(const ImageView& image, std::span<T> values);

/// Throws InvalidParameterError unless `chw` holds exactly three planes of the network's size.
void require_room(const Placement& placement, std::span<const float> chw);

}  // namespace inference_exp::vision
