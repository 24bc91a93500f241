// torch's antialiased resize of bytes: four source rows at a time are filtered horizontally, kept in a ring as floats,
// weighed vertically and rounded once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "inference_exp/image_view.hpp"
#include "vision/antialias_kernels.hpp"
#include "vision/canvas.hpp"
#include "vision/preprocess_kernels.hpp"
#include "vision/resize_taps.hpp"

namespace inference_exp::vision {

/// Keeps tables and row buffers from call to call; they are rebuilt when the geometry changes.
class AntialiasPath {
 public:
  /// Resizes `image` (bytes) and writes the part that the canvas keeps; only that part is computed.
  void run(const ImageView& image, AntialiasFilter filter, const Canvas& canvas);

 private:
  /// What the tables were made for.
  struct Geometry {
    Size source;
    Size resized;
    Rect kept;
    AntialiasFilter filter = AntialiasFilter::bilinear;
    friend bool operator==(const Geometry&, const Geometry&) = default;
  };

  void prepare(const Geometry& geometry);
  [[nodiscard]] float* ring_row(std::int32_t row);
  void filter_rows_from(const ImageView& image, std::int32_t row);
  void weigh(std::int32_t y);

  Geometry geometry_;
  ResizeTaps columns_;
  ResizeTaps rows_;
  AntialiasColumns filter_;  ///< columns_ as the kernels want it
  AlignedBuffer block_;      ///< floats of the widest tile
  AlignedBuffer ring_;       ///< floats of horizontally filtered rows
  std::int32_t ring_rows_ = 0;
  std::size_t row_floats_ = 0;
  std::vector<const float*> taps_;
  std::vector<std::uint8_t> bytes_;  ///< a finished row, four bytes per pixel
  ColumnTable unchanged_;            ///< takes its pixels as they are
};

}  // namespace inference_exp::vision
