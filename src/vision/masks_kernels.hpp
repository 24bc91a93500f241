// The inner loops of mask drawing, in whatever instruction set this machine has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vision/masks.hpp"

namespace inference_exp::vision::kernels {

/// Floats that the kernels may read or write behind the last element of a row.
inline constexpr std::size_t kRowSlack = 64;

/// `count` weighted sums of prototypes, from cell `offset` of every plane on.
void combine_cells(const Prototypes& prototypes, std::span<const float> coefficients, std::size_t offset,
                   std::size_t count, float* sums);

/// Pixels [begin, begin + count) of one row of cells, resized. `cells` is zero for kRowSlack floats behind its end.
void stretch_row(const ResizeTaps& taps, const float* cells, std::int32_t begin, std::size_t count, float* pixels);

/// pixels[i] = (sum over t of weights[t] * rows[t][i]) > threshold, for i below `count`.
void threshold_row(std::span<const float* const> rows, const float* weights, float threshold, std::size_t count,
                   std::uint8_t* pixels);

/// Columns per entry of classify_columns.
inline constexpr std::size_t kBlock = 16;

/// Says for each whole block of columns whether all pixels between the rows `a` and `b` are surely above the threshold
/// or surely not, whatever rounding does; else it is mixed.
void classify_columns(const float* a, const float* b, float threshold, std::span<ColumnSpan::Kind> kinds);

}  // namespace inference_exp::vision::kernels
