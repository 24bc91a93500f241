// Grayscale and contrast steps on a packed picture of three interleaved channels, in place (models.md, sections 2.4
// and 2.5).
//
// Bytes follow the original's numpy path: stretching and equalisation are exact, adaptive equalisation agrees with
// scikit-image to about two grey levels. Floats (0...255) go through the same formulas without the final truncation.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp::vision {

/// Buffers that are reused from call to call.
struct ContrastScratch {
  std::vector<float> brightness;         // the largest channel of each pixel, 0...1
  std::vector<float> ordered;            // a copy to select percentiles in
  std::vector<std::uint8_t> bins;        // histogram bin of each pixel
  std::vector<std::uint16_t> tile_maps;  // one 256-entry grey-level map per tile
  std::vector<std::uint32_t> histogram;
  std::vector<double> cumulative;
};

/// Replaces each pixel by its luma, copied to three channels. `rgb` says which end red is at.
void to_grayscale(std::span<std::uint8_t> pixels, bool rgb);
void to_grayscale(std::span<float> pixels, bool rgb);

/// Enhances the contrast of a whole picture; `pixels` holds 3 * width * height values.
void enhance_contrast(ContrastMode mode, Size size, std::span<std::uint8_t> pixels, ContrastScratch& scratch);
void enhance_contrast(ContrastMode mode, Size size, std::span<float> pixels, ContrastScratch& scratch);

/// CLAHE with scikit-image's constants on `brightness` (0...1), in place: a grid of about eight by eight tiles, clip
/// limit 0.03, result stretched to 0...1. A picture of one brightness is left as it is.
void equalize_adaptively(Size size, std::span<float> brightness, ContrastScratch& scratch);

}  // namespace inference_exp::vision
