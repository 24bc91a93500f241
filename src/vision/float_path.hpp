// Resizing pictures of floats. They are rare, so one plain separable filter serves all kinds of resampling.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"
#include "vision/canvas.hpp"
#include "vision/resample_axis.hpp"

namespace inference_exp::vision {

/// Keeps tables and row buffers from call to call; they are rebuilt when the geometry changes.
class FloatPath {
 public:
  /// Resizes, scales and normalises `image` (floats) into the canvas.
  void run(const ImageView& image, const Preprocessing& recipe, const Canvas& canvas);

 private:
  void prepare(Size source, const Canvas& canvas, std::int32_t channels, Resampling resampling);
  [[nodiscard]] std::span<float> ring_row(std::int32_t row);
  void filter_row(const ImageView& image, std::int32_t row);
  void write_row(std::int32_t y, const Preprocessing& recipe, const Canvas& canvas);

  Size source_;
  Size resized_;
  Rect kept_;
  std::int32_t channels_ = 0;
  Resampling resampling_ = Resampling::opencv_linear;
  TriangleAxis columns_;
  TriangleAxis rows_;
  std::vector<float> ring_;  ///< horizontally filtered rows, interleaved
};

}  // namespace inference_exp::vision
