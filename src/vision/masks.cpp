#include "vision/masks.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "vision/masks_kernels.hpp"

namespace inference_exp::vision {
namespace {

std::size_t index(std::int32_t value) { return static_cast<std::size_t>(value); }

template <typename T>
void grow(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

/// Pads are given in network pixels; the prototypes are smaller by some factor. Clamped, because nothing says that they
/// really are.
std::int32_t scaled_pad(std::int32_t cells, std::int32_t inference_side, std::int32_t pad) {
  constexpr double kLimit = 1 << 24;
  const double scaled = static_cast<double>(cells) / static_cast<double>(inference_side) * static_cast<double>(pad);
  return static_cast<std::int32_t>(std::nearbyint(std::clamp(scaled, -kLimit, kLimit)));
}

/// Calls `visit` with the places where two rows of zeros and ones differ.
template <typename Visit>
void for_each_difference(const std::uint8_t* a, const std::uint8_t* b, std::size_t count, Visit visit) {
  constexpr std::size_t kStep = sizeof(std::uint64_t);
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    std::uint64_t left = 0;
    std::uint64_t right = 0;
    std::memcpy(&left, a + i, kStep);
    std::memcpy(&right, b + i, kStep);
    if constexpr (std::endian::native == std::endian::little) {
      // One bit per differing byte, the first byte lowest.
      for (std::uint64_t bits = left ^ right; bits != 0; bits &= bits - 1) {
        visit(i + static_cast<std::size_t>(std::countr_zero(bits)) / 8);
      }
    } else if (left != right) {
      for (std::size_t k = i; k < i + kStep; ++k) {
        if (a[k] != b[k]) visit(k);
      }
    }
  }
  for (; i < count; ++i) {
    if (a[i] != b[i]) visit(i);
  }
}

}  // namespace

Window image_cells(Size prototypes, const PreprocessingMetadata& placement) noexcept {
  const Size inference = placement.inference_size;
  return {scaled_pad(prototypes.width, inference.width, placement.pad_left),
          scaled_pad(prototypes.height, inference.height, placement.pad_top),
          prototypes.width - scaled_pad(prototypes.width, inference.width, placement.pad_right),
          prototypes.height - scaled_pad(prototypes.height, inference.height, placement.pad_bottom)};
}

Window box_cells(const BoxF& box, Size prototypes) noexcept {
  // A quarter whatever the prototypes' size: that is what the networks were trained with.
  const auto edge = [](float value, std::int32_t limit) { return std::clamp(round_to_int32(value * 0.25F), 0, limit); };
  return {edge(box.x1, prototypes.width), edge(box.y1, prototypes.height), edge(box.x2, prototypes.width),
          edge(box.y2, prototypes.height)};
}

float cell_value(float logit, bool smoothing) noexcept {
  constexpr float kLargest = 1e30F;  // sums of weighted cells stay finite
  if (std::isnan(logit)) return 0;
  return smoothing ? 1.F / (1.F + std::exp(-logit)) : std::clamp(logit, -kLargest, kLargest);
}

/// The rows of one mask within the part of the image that its box reaches.
class MaskPainter::Rows {
 public:
  Rows(const MaskPainter& painter, const MaskQuery& query) : painter_(painter), workspace_(painter.workspace_) {
    const Window& image = painter_.image_cells_;
    const Window box = box_cells(query.box, painter_.prototypes_.size);
    cells_ = {std::max(box.x0, image.x0) - image.x0, std::max(box.y0, image.y0) - image.y0,
              std::min(box.x1, image.x1) - image.x0, std::min(box.y1, image.y1) - image.y0};
    if (cells_.empty()) cells_ = {};
    find_reach();
    if (!reach_.empty()) stretch_rows(query);
  }

  /// In pixels of the cropped image; outside all pixels are 0.
  [[nodiscard]] const Window& reach() const noexcept { return reach_; }

  /// What is known of row `y` without looking at its pixels. `begins` says that it is not what held for the row above.
  struct RowSpans {
    std::span<const ColumnSpan> spans;
    bool begins = false;
  };
  [[nodiscard]] RowSpans spans(std::int32_t y) {
    const ResizeTaps& taps = workspace_.rows;
    const std::int32_t first = taps.first[index(y)];
    const std::int32_t last = first + taps.count[index(y)] - 1;
    const bool begins = first != first_row_ || last != last_row_;
    if (begins) {
      first_row_ = first;
      last_row_ = last;
      workspace_.row_pointers.clear();
      for (std::int32_t row = first; row <= last; ++row) workspace_.row_pointers.push_back(stretched(row));
      find_spans();
    }
    return {workspace_.spans, begins};
  }

  /// Writes the pixels of row `y`, the one asked for last, from column `begin` of the reach up to `end`.
  void draw(std::int32_t y, std::size_t begin, std::size_t end, std::uint8_t* pixels) {
    std::vector<const float*>& rows = workspace_.row_pointers;
    for (const float*& row : rows) row += begin;
    const float* const weights = workspace_.rows.weights.data() + index(y) * workspace_.rows.stride;
    kernels::threshold_row(rows, weights, painter_.options_.threshold, end - begin, pixels);
    for (const float*& row : rows) row -= begin;
  }

 private:
  void find_reach() {
    // Where nothing of the box is seen the picture is 0; only a negative threshold lets that pass.
    if (painter_.options_.threshold < 0) {
      reach_ = {0, 0, painter_.crop_.width, painter_.crop_.height};
      return;
    }
    const ResizeTaps::Reach columns = workspace_.columns.reach(cells_.x0, cells_.x1);
    const ResizeTaps::Reach rows = workspace_.rows.reach(cells_.y0, cells_.y1);
    reach_ = {columns.begin, rows.begin, columns.end, rows.end};
  }

  void stretch_rows(const MaskQuery& query) {
    const Prototypes& prototypes = painter_.prototypes_;
    const Window& image = painter_.image_cells_;
    pitch_ = index(reach_.width()) + kernels::kRowSlack;
    grow(workspace_.stretched, pitch_ * (index(cells_.height()) + 1));
    std::fill_n(workspace_.stretched.begin(), pitch_, 0.F);
    workspace_.cells.assign(index(image.width()) + 2 * kernels::kRowSlack, 0.F);
    float* const cells = workspace_.cells.data() + cells_.x0;
    const std::size_t count = index(cells_.width());
    for (std::int32_t row = cells_.y0; row < cells_.y1; ++row) {
      const std::size_t offset = index(row + image.y0) * index(prototypes.size.width) + index(cells_.x0 + image.x0);
      kernels::combine_cells(prototypes, query.coefficients, offset, count, cells);
      for (std::size_t i = 0; i < count; ++i) cells[i] = cell_value(cells[i], painter_.options_.smoothing);
      std::fill_n(cells + count, kernels::kRowSlack, 0.F);
      kernels::stretch_row(workspace_.columns, workspace_.cells.data(), reach_.x0, index(reach_.width()),
                           workspace_.stretched.data() + pitch_ * index(row - cells_.y0 + 1));
    }
  }

  /// Where several pixel rows lie between the same two rows of cells, most columns are clear or set in all of them.
  void find_spans() {
    const std::size_t width = index(reach_.width());
    std::vector<ColumnSpan>& spans = workspace_.spans;
    spans.clear();
    const bool worth_it = workspace_.rows.out >= 2 * workspace_.rows.in;
    const std::size_t blocks = worth_it ? width / kernels::kBlock : 0;
    grow(workspace_.block_kinds, blocks);
    const std::span<ColumnSpan::Kind> kinds = std::span(workspace_.block_kinds).first(blocks);
    kernels::classify_columns(workspace_.row_pointers.front(), workspace_.row_pointers.back(),
                              painter_.options_.threshold, kinds);
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::size_t begin = block * kernels::kBlock;
      if (spans.empty() || spans.back().kind != kinds[block]) spans.push_back({begin, begin, kinds[block]});
      spans.back().end = begin + kernels::kBlock;
    }
    if (blocks * kernels::kBlock < width) spans.push_back({blocks * kernels::kBlock, width, ColumnSpan::Kind::mixed});
  }

  /// A row of cells at image width; outside the box the row of zeros.
  [[nodiscard]] const float* stretched(std::int32_t row) const {
    const bool inside = row >= cells_.y0 && row < cells_.y1;
    return workspace_.stretched.data() + (inside ? pitch_ * index(row - cells_.y0 + 1) : 0);
  }

  const MaskPainter& painter_;
  MaskWorkspace& workspace_;
  Window cells_;  ///< of the box, relative to the image's first cell
  Window reach_;
  std::size_t pitch_ = 0;
  std::int32_t first_row_ = -1;  ///< rows of cells that the spans were made for
  std::int32_t last_row_ = -1;
};

MaskPainter::MaskPainter(const Prototypes& prototypes, const PreprocessingMetadata& placement,
                         const MaskOptions& options, MaskWorkspace& workspace)
    : prototypes_(prototypes),
      options_(options),
      workspace_(workspace),
      image_cells_(image_cells(prototypes.size, placement)),
      canvas_(placement.original_size),
      crop_{placement.static_crop.x, placement.static_crop.y, placement.size_after_pre_processing.width,
            placement.size_after_pre_processing.height} {
  if (image_cells_.empty()) return;
  workspace_.columns.build(image_cells_.width(), crop_.width);
  workspace_.rows.build(image_cells_.height(), crop_.height);
}

void MaskPainter::paint(const MaskQuery& query, std::span<std::uint8_t> canvas) const {
  if (image_cells_.empty()) return;
  Rows rows(*this, query);
  const Window& reach = rows.reach();
  for (std::int32_t y = reach.y0; y < reach.y1; ++y) {
    std::uint8_t* const pixels = canvas.data() + index(y + crop_.y) * index(canvas_.width) + index(reach.x0 + crop_.x);
    for (const ColumnSpan& span : rows.spans(y).spans) {
      if (span.kind == ColumnSpan::Kind::mixed) rows.draw(y, span.begin, span.end, pixels + span.begin);
      if (span.kind == ColumnSpan::Kind::set) std::memset(pixels + span.begin, 1, span.end - span.begin);
    }
  }
}

void MaskPainter::collect_flips(Rows& rows, std::size_t width) const {
  workspace_.pixel_rows.assign(2 * width, 0);
  std::uint8_t* const above = workspace_.pixel_rows.data();
  std::uint8_t* const current = above + width;
  const auto compare = [&](std::int32_t y, std::size_t begin, std::size_t end) {
    for_each_difference(above + begin, current + begin, end - begin, [&](std::size_t column) {
      workspace_.flips.push_back((std::uint64_t{begin + column} << 32) | index(y));
      ++workspace_.column_starts[begin + column + 1];
    });
    std::memcpy(above + begin, current + begin, end - begin);
  };
  const Window& reach = rows.reach();
  for (std::int32_t y = reach.y0; y < reach.y1; ++y) {
    const Rows::RowSpans row = rows.spans(y);
    for (const ColumnSpan& span : row.spans) {
      if (span.kind == ColumnSpan::Kind::mixed) {
        rows.draw(y, span.begin, span.end, current + span.begin);
      } else if (row.begins) {
        std::memset(current + span.begin, span.kind == ColumnSpan::Kind::set ? 1 : 0, span.end - span.begin);
      } else {
        continue;  // nothing can have changed
      }
      compare(y, span.begin, span.end);
    }
  }
  std::fill_n(current, width, std::uint8_t{0});
  compare(reach.y1, 0, width);
}

std::string MaskPainter::run_lengths(const MaskQuery& query) const {
  const std::uint64_t height = index(canvas_.height);
  const std::uint64_t pixels = height * index(canvas_.width);
  if (image_cells_.empty()) return workspace_.writer.finish(pixels);
  Rows rows(*this, query);
  const Window& reach = rows.reach();
  const std::size_t width = reach.empty() ? 0 : index(reach.width());

  // A pixel that differs from the one above it starts or ends a run in its column.
  std::vector<std::uint64_t>& flips = workspace_.flips;
  flips.clear();
  workspace_.column_starts.assign(width + 1, 0);
  if (width != 0) collect_flips(rows, width);

  // Rows came in order, so a counting sort by column leaves each column's flips in order.
  for (std::size_t column = 0; column < width; ++column) {
    workspace_.column_starts[column + 1] += workspace_.column_starts[column];
  }
  workspace_.sorted_flips.resize(flips.size());
  for (const std::uint64_t flip : flips) workspace_.sorted_flips[workspace_.column_starts[flip >> 32]++] = flip;
  for (const std::uint64_t flip : workspace_.sorted_flips) {
    const std::uint64_t column = (flip >> 32) + index(reach.x0 + crop_.x);
    workspace_.writer.flip_at(column * height + (flip & 0xFFFFFFFFU) + index(crop_.y));
  }
  return workspace_.writer.finish(pixels);
}

}  // namespace inference_exp::vision
