#include "vision/preprocess_kernels.hpp"

namespace inference_exp::vision {

void build_column_table(std::int32_t source, std::int32_t target, std::int32_t channels, ColumnTable& table) {
  constexpr std::int32_t kReadBytes = 8;
  table.channels = channels;
  table.width = static_cast<std::size_t>(target);
  table.offset.assign(padded(table.width), 0);
  table.weight.assign(padded(table.width), 0);
  table.scalar.clear();
  build_linear_axis(source, target, EdgeRule::drop_fraction, table.axis);
  std::size_t safe_columns = 0;
  const bool vectors = kernels_use_vectors();
  for (std::size_t x = 0; x < table.width; ++x) {
    const std::int32_t offset = table.axis.first[x] * channels;
    const int right = table.axis.weight[1][x];
    const bool inside = vectors && offset + kReadBytes <= source * channels;
    if (inside) {
      table.offset[x] = offset;
      table.weight[x] = static_cast<std::uint32_t>(right) * 0x10001U;
      safe_columns = x + 1;
    }
    // The vector blend relies on complementary weights. Rounding could break a pair, if only in very wide outputs.
    const bool complementary = table.axis.weight[0][x] + right == 1 << kLinearBits;
    if (!inside || !complementary) table.scalar.push_back(static_cast<std::uint32_t>(x));
  }
  table.vector_width = safe_columns;
}

}  // namespace inference_exp::vision
