// Instance masks from prototypes and coefficients (models.md, section 3.6).
//
// A mask is a weighted sum of prototypes, cut to its box, freed of padding, resized to the image and compared with a
// threshold. Cells that come out as NaN count as 0. A crop of the image is always pasted back into a canvas of the
// original size, also when it starts at (0, 0).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"
#include "vision/boxes.hpp"
#include "vision/resize_taps.hpp"
#include "vision/rle.hpp"

namespace inference_exp::vision {

/// `channels` planes of cells, row-major, one after the other.
struct Prototypes {
  std::span<const float> values;
  std::size_t channels = 0;
  Size size;

  [[nodiscard]] std::size_t plane() const noexcept {
    return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
  }
};

struct MaskOptions {
  bool smoothing = true;   ///< sigmoid before resizing
  float threshold = 0.5F;  ///< pixels must be above it
};

/// One instance: its box in network pixels and one coefficient per prototype.
struct MaskQuery {
  BoxF box;
  std::span<const float> coefficients;
};

/// Half-open ranges of columns and rows.
struct Window {
  std::int32_t x0 = 0;
  std::int32_t y0 = 0;
  std::int32_t x1 = 0;
  std::int32_t y1 = 0;

  [[nodiscard]] std::int32_t width() const noexcept { return x1 - x0; }
  [[nodiscard]] std::int32_t height() const noexcept { return y1 - y0; }
  [[nodiscard]] bool empty() const noexcept { return x1 <= x0 || y1 <= y0; }
};

/// The cells that show the image, padding removed: `window` in prototype cells, beyond the prototypes where a centre
/// crop cut pixels away.
[[nodiscard]] Window image_cells(Size prototypes, const PreprocessingMetadata& placement) noexcept;

/// The cells inside a box given in network pixels.
[[nodiscard]] Window box_cells(const BoxF& box, Size prototypes) noexcept;

/// One cell's value before the threshold.
[[nodiscard]] float cell_value(float logit, bool smoothing) noexcept;

/// A stretch of columns that is one thing from one row of cells to the next.
struct ColumnSpan {
  enum class Kind : std::uint8_t { clear, set, mixed };
  std::size_t begin = 0;
  std::size_t end = 0;
  Kind kind = Kind::mixed;
};

/// Buffers and tables that are reused from call to call. One per thread at a time; grows, never shrinks.
struct MaskWorkspace {
  ResizeTaps columns;
  ResizeTaps rows;
  std::vector<float> cells;      ///< one row of cells
  std::vector<float> stretched;  ///< rows of cells at image width, a row of zeros first
  std::vector<const float*> row_pointers;
  std::vector<ColumnSpan::Kind> block_kinds;
  std::vector<ColumnSpan> spans;
  std::vector<std::uint8_t> pixel_rows;  ///< run lengths only: the row above and the one being drawn
  std::vector<std::uint64_t> flips;
  std::vector<std::uint64_t> sorted_flips;
  std::vector<std::uint32_t> column_starts;
  RunLengthWriter writer;
};

/// Draws the masks of one image. Only the part of the image that a box can reach is looked at; the pixels are those of
/// paint_mask_reference.
class MaskPainter {
 public:
  /// `prototypes` and `workspace` are borrowed for the painter's lifetime; queries have `prototypes.channels`
  /// coefficients.
  MaskPainter(const Prototypes& prototypes, const PreprocessingMetadata& placement, const MaskOptions& options,
              MaskWorkspace& workspace);

  /// Sets the mask's pixels to 1 in `canvas`, which has the original image's size and is zero.
  void paint(const MaskQuery& query, std::span<std::uint8_t> canvas) const;
  /// The same mask as COCO run lengths.
  [[nodiscard]] std::string run_lengths(const MaskQuery& query) const;

 private:
  class Rows;
  /// Finds every pixel that differs from the one above it.
  void collect_flips(Rows& rows, std::size_t width) const;

  Prototypes prototypes_;
  MaskOptions options_;
  MaskWorkspace& workspace_;
  Window image_cells_;
  Size canvas_;
  Rect crop_;
};

/// The plain twin that defines the truth: one step after the other over the whole picture. Row-major, original size.
[[nodiscard]] std::vector<std::uint8_t> paint_mask_reference(const Prototypes& prototypes,
                                                             const PreprocessingMetadata& placement,
                                                             const MaskOptions& options, const MaskQuery& query);

}  // namespace inference_exp::vision
