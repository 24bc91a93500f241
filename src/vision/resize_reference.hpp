// The plain resamplers: what OpenCV's and Pillow's do, one pixel after the other (models.md, section 2.10).
#pragma once

#include <cstdint>

#include "vision/raster.hpp"

namespace inference_exp::vision {

/// cv::resize with INTER_LINEAR: bit-exact for bytes; floats in single precision with the same coordinates.
[[nodiscard]] Raster<std::uint8_t> resize_linear_reference(const Raster<std::uint8_t>& image, Size target);
[[nodiscard]] Raster<float> resize_linear_reference(const Raster<float>& image, Size target);

/// Pillow's BILINEAR: bit-exact for bytes; floats are not rounded between the passes.
[[nodiscard]] Raster<std::uint8_t> resize_pillow_reference(const Raster<std::uint8_t>& image, Size target);
[[nodiscard]] Raster<float> resize_pillow_reference(const Raster<float>& image, Size target);

/// Whether OpenCV takes its shortcut for an image that shrinks to exactly half on both axes.
[[nodiscard]] constexpr bool is_exact_half(Size source, Size target) {
  return source.width == 2 * target.width && source.height == 2 * target.height;
}

}  // namespace inference_exp::vision
