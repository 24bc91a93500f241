// The inner loops of pre-processing, compiled for several instruction sets; the best one is chosen at run time.
//
// Between the horizontal and the vertical step a row lies in 32-bit lanes, one per pixel, so that the vertical step
// works on 16-bit numbers and leaves each channel where the conversion to float wants it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "vision/normalizer.hpp"
#include "vision/resample_axis.hpp"

namespace inference_exp::vision {

/// Buffers that kernels read or write whole vectors of are rounded up to this many pixels.
inline constexpr std::size_t kPixelGroup = 64;
[[nodiscard]] constexpr std::size_t padded(std::size_t pixels) {
  return (pixels + kPixelGroup - 1) / kPixelGroup * kPixelGroup;
}

/// Where each output column reads its source row, with OpenCV's linear weights.
struct ColumnTable {
  std::int32_t channels = 3;
  std::size_t width = 0;
  std::size_t vector_width = 0;       ///< columns that the vector loop covers
  std::vector<std::int32_t> offset;   ///< byte of the left pixel; 0 where a vector read would leave the row
  std::vector<std::uint32_t> weight;  ///< of the right pixel, in both halves of the lane
  std::vector<std::uint32_t> scalar;  ///< columns that are computed one by one instead
  LinearAxis axis;
};

/// Fills `table` for rows of `source` pixels, reusing its memory.
void build_column_table(std::int32_t source, std::int32_t target, std::int32_t channels, ColumnTable& table);

/// A horizontally interpolated row: 16-bit values of the first and third channel, and of the second.
struct BlendedRow {
  std::vector<std::uint32_t> outer;
  std::vector<std::uint32_t> middle;  ///< the only one in use for gray
  std::int32_t source_row = -1;
};

/// One output row: where each memory channel goes (gray goes to all three) and how it is scaled.
struct RowTarget {
  std::array<float*, 3> planes{};
  std::array<const ChannelScale*, 3> scales{};
  ScaleKind kind = ScaleKind::table;
  std::size_t width = 0;
  bool gray = false;
};

/// Pixels are taken as they are.
void copy_row(const std::uint8_t* row, const ColumnTable& table, const RowTarget& target);

/// Horizontal step of the linear filter, and of the exact half (sums of two).
void blend_columns(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result);
void sum_columns(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result);

/// Vertical step and everything after it.
void blend_rows(const BlendedRow& top, const BlendedRow& bottom, std::array<std::int16_t, 2> weights,
                const RowTarget& target);
void average_rows(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target);

/// Pillow's filter along a row: first byte of the first tap per column, weights by tap and then by column.
struct TriangleColumns {
  std::int32_t channels = 3;
  std::int32_t taps = 0;
  std::size_t width = 0;
  std::vector<std::int32_t> offset;
  std::vector<std::int32_t> weight;
};

/// `row` must be readable for `taps` pixels and 4 bytes past its end. Result: three bytes in each lane.
void filter_columns(const std::uint8_t* row, const TriangleColumns& columns, std::span<std::uint32_t> result);
/// Weighs whole rows of such lanes and does everything after it.
void filter_rows(std::span<const std::uint32_t* const> rows, std::span<const std::int32_t> weights,
                 const RowTarget& target);

/// What the kernels make of each byte, for comparison with the truth.
void scale_all_bytes(const ChannelScale& channel, ScaleKind kind, std::span<float, 256> result);

/// False where the kernels are plain C++.
[[nodiscard]] bool kernels_use_vectors() noexcept;

/// Name of the chosen instruction set.
[[nodiscard]] std::string_view kernel_target() noexcept;

}  // namespace inference_exp::vision
