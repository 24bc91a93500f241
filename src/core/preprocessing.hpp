// What happens to pixels on their way into a network, as a value.
//
// Packages produce it (from inference_config.json or environment.json), vision carries it out. The steps run in this
// order: static crop, grayscale, contrast, resize and pad, colour swap, scale, normalise (models.md, section 2.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "inference_exp/image_view.hpp"
#include "inference_exp/stages.hpp"

namespace inference_exp {

enum class ResizeMode : std::uint8_t {
  none,
  stretch,
  letterbox,
  center_crop,
  fit_longer_edge,
  letterbox_reflect_edges,
  /// The shorter side becomes the target's, the other trunc(side * long / short); then a square is cut from the middle
  /// (models.md, section 4.3). For square targets and torch's resampling. Not a mode that packages can name.
  shortest_edge_center_crop
};
enum class ContrastMode : std::uint8_t { adaptive_equalization, contrast_stretching, histogram_equalization };
enum class ColorMode : std::uint8_t { rgb, bgr };
/// Which library's resampling is reproduced to the bit: OpenCV's linear, Pillow's antialiased bilinear, or torch's
/// antialiased filters, which round bytes once, after both passes (models.md, section 2.10 e). Packages name none.
enum class Resampling : std::uint8_t { opencv_linear, pillow_bilinear, torch_bilinear, torch_bicubic };

/// Percent of the image's width and height, 0...100.
struct StaticCrop {
  std::int32_t x_min = 0;
  std::int32_t y_min = 0;
  std::int32_t x_max = 100;
  std::int32_t y_max = 100;
  friend bool operator==(const StaticCrop&, const StaticCrop&) = default;
};

/// (value - mean) / std per channel, in network channel order, after scaling.
struct Normalization {
  std::array<float, 3> mean{};
  std::array<float, 3> std{1, 1, 1};
  friend bool operator==(const Normalization&, const Normalization&) = default;
};

struct Preprocessing {
  std::optional<StaticCrop> static_crop;
  bool grayscale = false;
  std::optional<ContrastMode> contrast;
  ResizeMode resize_mode = ResizeMode::stretch;
  Resampling resampling = Resampling::opencv_linear;
  Size target;                     ///< network input, or the first step's target in a two-step resize
  std::int32_t padding_value = 0;  ///< 0...255, written before scaling
  ColorMode color_mode = ColorMode::rgb;
  std::optional<float> scaling_factor;  ///< divisor
  std::optional<Normalization> normalization;
  friend bool operator==(const Preprocessing&, const Preprocessing&) = default;
};

}  // namespace inference_exp
