// The plain resamplers: what OpenCV's, Pillow's and torch's do, one pixel after the other (models.md, section 2.10).
#pragma once

#include <cstdint>

#include "vision/raster.hpp"
#include "vision/resize_taps.hpp"

namespace inference_exp::vision {

/// cv::resize with INTER_LINEAR: bit-exact for bytes; floats in single precision with the same coordinates.
[[nodiscard]] Raster<std::uint8_t> resize_linear_reference(const Raster<std::uint8_t>& image, Size target);
[[nodiscard]] Raster<float> resize_linear_reference(const Raster<float>& image, Size target);

/// Pillow's BILINEAR: bit-exact for bytes; floats are not rounded between the passes.
[[nodiscard]] Raster<std::uint8_t> resize_pillow_reference(const Raster<std::uint8_t>& image, Size target);
[[nodiscard]] Raster<float> resize_pillow_reference(const Raster<float>& image, Size target);

/// torch's antialiased interpolation in f32: bytes are clamped and rounded half to even after both passes, floats are
/// neither. No addition is fused; where a build of torch fuses some, single bytes that lie on a half may differ by one.
[[nodiscard]] Raster<std::uint8_t> resize_torch_reference(const Raster<std::uint8_t>& image, Size target,
                                                          AntialiasFilter kernel);
[[nodiscard]] Raster<float> resize_torch_reference(const Raster<float>& image, Size target, AntialiasFilter kernel);

/// Whether OpenCV takes its shortcut for an image that shrinks to exactly half on both axes.
[[nodiscard]] constexpr bool is_exact_half(Size source, Size target) {
  return source.width == 2 * target.width && source.height == 2 * target.height;
}

}  // namespace inference_exp::vision
