// OpenCV's linear resize of bytes in one pass over the pixels.
#pragma once

#include <array>
#include <cstdint>

#include "inference_exp/image_view.hpp"
#include "vision/canvas.hpp"
#include "vision/preprocess_kernels.hpp"

namespace inference_exp::vision {

/// Keeps tables and row buffers from call to call; they are rebuilt when the geometry changes.
class LinearPath {
 public:
  /// Resizes `image` (bytes) into the canvas. Reads only the rows that contribute, each at most once when enlarging.
  void run(const ImageView& image, const Canvas& canvas);

 private:
  enum class Filter : std::uint8_t { copy, half, blend };

  void prepare(Size source, Size target, std::int32_t channels);
  const BlendedRow& blended(const ImageView& image, std::int32_t row, std::int32_t keep);

  Size source_;
  Size target_;
  Filter filter_ = Filter::copy;
  ColumnTable columns_;
  LinearAxis rows_;
  std::array<BlendedRow, 2> cache_;
};

}  // namespace inference_exp::vision
