// The kernels in plain C++, for processors whose vector instructions are not used. Same contracts as the kernels in
// preprocess_kernels.hpp; the column steps are left to the one-by-one columns of the table.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "vision/preprocess_kernels.hpp"

namespace inference_exp::vision::plain {

void copy_row_kernel(const std::uint8_t* row, const ColumnTable& table, const RowTarget& target);
void blend_columns_kernel(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result);
void sum_columns_kernel(const std::uint8_t* row, const ColumnTable& table, BlendedRow& result);
void blend_rows_kernel(const BlendedRow& top, const BlendedRow& bottom, std::array<std::int16_t, 2> weights,
                       const RowTarget& target);
void average_rows_kernel(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target);
void filter_columns_kernel(const std::uint8_t* row, const TriangleColumns& columns, std::span<std::uint32_t> result);
void filter_rows_kernel(std::span<const std::uint32_t* const> rows, std::span<const std::int32_t> weights,
                        const RowTarget& target);
void scale_all_bytes_kernel(const ChannelScale& channel, ScaleKind kind, std::span<float, 256> result);

}  // namespace inference_exp::vision::plain
