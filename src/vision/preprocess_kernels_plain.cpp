#include "vision/preprocess_kernels_plain.hpp"

#include <algorithm>

namespace inference_exp::vision::plain {

namespace {

void write_pixel(const RowTarget& target, std::size_t x, const std::array<std::uint32_t, 3>& bytes) {
  for (std::size_t c = 0; c < 3; ++c) target.planes[c][x] = target.scales[c]->table[bytes[target.gray ? 0 : c]];
}

// `mix(above, below)` gives the byte of one channel of one pixel.
template <typename Mix>
void mix_rows(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target, const Mix& mix) {
  for (std::size_t x = 0; x < target.width; ++x) {
    const std::uint32_t middle = mix(top.middle[x] & 0xFFFFU, bottom.middle[x] & 0xFFFFU);
    if (target.gray) {
      write_pixel(target, x, {middle, middle, middle});
    } else {
      write_pixel(target, x,
                  {mix(top.outer[x] & 0xFFFFU, bottom.outer[x] & 0xFFFFU), middle,
                   mix(top.outer[x] >> 16, bottom.outer[x] >> 16)});
    }
  }
}

// Three weighted sums in Pillow's fixed point.
class TriangleSum {
 public:
  void add(std::uint32_t pixel, std::int32_t weight) {
    for (std::size_t c = 0; c < 3; ++c) sums_[c] += static_cast<std::uint32_t>(weight) * (pixel >> (8 * c) & 0xFFU);
  }
  [[nodiscard]] std::array<std::uint32_t, 3> bytes() const {
    const auto byte = [](std::uint32_t sum) { return std::min(sum >> kTriangleBits, 255U); };
    return {byte(sums_[0]), byte(sums_[1]), byte(sums_[2])};
  }

 private:
  static constexpr std::uint32_t kHalf = 1U << (kTriangleBits - 1);
  std::array<std::uint32_t, 3> sums_{kHalf, kHalf, kHalf};
};

}  // namespace

void copy_row_kernel(const std::uint8_t* /*row*/, const ColumnTable& /*table*/, const RowTarget& /*target*/) {}
void blend_columns_kernel(const std::uint8_t* /*row*/, const ColumnTable& /*table*/, BlendedRow& /*result*/) {}
void sum_columns_kernel(const std::uint8_t* /*row*/, const ColumnTable& /*table*/, BlendedRow& /*result*/) {}

void blend_rows_kernel(const BlendedRow& top, const BlendedRow& bottom, std::array<std::int16_t, 2> weights,
                       const RowTarget& target) {
  const auto above = static_cast<std::uint32_t>(weights[0]);
  const auto below = static_cast<std::uint32_t>(weights[1]);
  mix_rows(top, bottom, target,
           [=](std::uint32_t a, std::uint32_t b) { return ((a * above >> 16) + (b * below >> 16) + 2) >> 2; });
}

void average_rows_kernel(const BlendedRow& top, const BlendedRow& bottom, const RowTarget& target) {
  mix_rows(top, bottom, target, [](std::uint32_t a, std::uint32_t b) { return (a + b + 2) >> 2; });
}

void filter_columns_kernel(const std::uint8_t* row, const TriangleColumns& columns, std::span<std::uint32_t> result) {
  const std::size_t stride = padded(columns.width);
  for (std::size_t x = 0; x < columns.width; ++x) {
    TriangleSum sum;
    for (std::int32_t tap = 0; tap < columns.taps; ++tap) {
      const std::uint8_t* pixel = row + columns.offset[x] + std::ptrdiff_t{tap} * columns.channels;
      const std::uint32_t packed =
          std::uint32_t{pixel[0]} | std::uint32_t{pixel[1]} << 8 | std::uint32_t{pixel[2]} << 16;
      sum.add(packed, columns.weight[static_cast<std::size_t>(tap) * stride + x]);
    }
    const auto bytes = sum.bytes();
    result[x] = bytes[0] | bytes[1] << 8 | bytes[2] << 16;
  }
}

void filter_rows_kernel(std::span<const std::uint32_t* const> rows, std::span<const std::int32_t> weights,
                        const RowTarget& target) {
  for (std::size_t x = 0; x < target.width; ++x) {
    TriangleSum sum;
    for (std::size_t tap = 0; tap < rows.size(); ++tap) sum.add(rows[tap][x], weights[tap]);
    write_pixel(target, x, sum.bytes());
  }
}

void scale_all_bytes_kernel(const ChannelScale& channel, ScaleKind /*kind*/, std::span<float, 256> result) {
  std::ranges::copy(channel.table, result.begin());
}

}  // namespace inference_exp::vision::plain
