#include "vision/linear_path.hpp"

#include <algorithm>

#include "vision/resize_reference.hpp"

namespace inference_exp::vision {

namespace {

bool takes_pixels_unchanged(const LinearAxis& axis) {
  return std::ranges::all_of(axis.weight[1], [](std::int16_t weight) { return weight == 0; });
}

const std::uint8_t* row_of(const ImageView& image, std::int32_t row) {
  return reinterpret_cast<const std::uint8_t*>(image.data + row * image.row_stride);
}

}  // namespace

void LinearPath::prepare(Size source, Size target, std::int32_t channels) {
  if (source == source_ && target == target_ && channels == columns_.channels) return;
  source_ = {};  // stays so if memory runs out below
  build_column_table(source.width, target.width, channels, columns_);
  build_linear_axis(source.height, target.height, EdgeRule::clamp_indices, rows_);
  for (BlendedRow& row : cache_) {
    row.outer.assign(padded(columns_.width), 0);
    row.middle.assign(padded(columns_.width), 0);
  }
  if (is_exact_half(source, target)) {
    filter_ = Filter::half;
  } else {
    filter_ = takes_pixels_unchanged(columns_.axis) && takes_pixels_unchanged(rows_) ? Filter::copy : Filter::blend;
  }
  source_ = source;
  target_ = target;
}

// Row `row` after the horizontal step, from the cache or made in the slot that does not hold row `keep`.
const BlendedRow& LinearPath::blended(const ImageView& image, std::int32_t row, std::int32_t keep) {
  for (const BlendedRow& cached : cache_) {
    if (cached.source_row == row) return cached;
  }
  BlendedRow& slot = cache_[0].source_row == keep ? cache_[1] : cache_[0];
  if (filter_ == Filter::half) {
    sum_columns(row_of(image, row), columns_, slot);
  } else {
    blend_columns(row_of(image, row), columns_, slot);
  }
  slot.source_row = row;
  return slot;
}

void LinearPath::run(const ImageView& image, const Canvas& canvas) {
  prepare(image.size, canvas.kept_size(), channel_count(image.format));
  for (BlendedRow& row : cache_) row.source_row = -1;
  for (std::int32_t y = 0; y < target_.height; ++y) {
    const auto d = static_cast<std::size_t>(y);
    const std::int32_t first = rows_.first[d];
    if (filter_ == Filter::copy) {
      copy_row(row_of(image, first), columns_, canvas.row(y));
      continue;
    }
    const std::array<std::int16_t, 2> weights{rows_.weight[0][d], rows_.weight[1][d]};
    const std::int32_t second = weights[1] == 0 ? first : rows_.second[d];
    const BlendedRow& top = blended(image, first, second);
    const BlendedRow& bottom = blended(image, second, first);
    if (filter_ == Filter::half) {
      average_rows(top, bottom, canvas.row(y));
    } else {
      blend_rows(top, bottom, weights, canvas.row(y));
    }
  }
}

}  // namespace inference_exp::vision
