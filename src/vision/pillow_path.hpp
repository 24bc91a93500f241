// Pillow's bilinear resize of bytes: rows are filtered horizontally once, kept in a ring, and weighed vertically.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference_exp/image_view.hpp"
#include "vision/canvas.hpp"
#include "vision/preprocess_kernels.hpp"

namespace inference_exp::vision {

/// Keeps tables and row buffers from call to call; they are rebuilt when the geometry changes.
class PillowPath {
 public:
  /// Resizes `image` (bytes) into the canvas.
  void run(const ImageView& image, const Canvas& canvas);

 private:
  void prepare(Size source, Size target, std::int32_t channels);
  [[nodiscard]] std::span<std::uint32_t> ring_row(std::int32_t row);
  void filter_row(const ImageView& image, std::int32_t row);

  Size source_;
  Size target_;
  TriangleColumns columns_;
  TriangleAxis rows_;
  std::vector<std::uint8_t> source_row_;  ///< a copy with room to read past the end
  std::vector<std::uint32_t> ring_;
  std::vector<const std::uint32_t*> taps_;
};

}  // namespace inference_exp::vision
