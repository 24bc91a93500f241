#include "vision/antialias_path.hpp"

#include <algorithm>
#include <cstddef>

namespace inference_exp::vision {

namespace {

std::int32_t most_taps(const ResizeTaps& axis) { return *std::ranges::max_element(axis.count); }

// One past the last source column of the outputs before `end`.
std::size_t columns_end(const ResizeTaps& axis, std::size_t end) {
  const std::size_t last = std::min(end, axis.first.size()) - 1;
  return static_cast<std::size_t>(axis.first[last]) + static_cast<std::size_t>(axis.count[last]);
}

// Tiles as wide as kTileColumns lets them be.
void build_tiles(const ResizeTaps& axis, std::size_t outputs, std::vector<AntialiasTile>& tiles) {
  tiles.clear();
  for (std::size_t x = 0; x < outputs; x += kBlockOutputs) {
    const std::size_t end = columns_end(axis, x + kBlockOutputs);
    if (tiles.empty() || end - tiles.back().first_column > kTileColumns) {
      tiles.push_back({x, 0, static_cast<std::size_t>(axis.first[x]), 0});
    }
    tiles.back().outputs += kBlockOutputs;
    tiles.back().columns = end - tiles.back().first_column;
  }
}

void build_columns(const ResizeTaps& axis, AntialiasColumns& columns) {
  const std::size_t width = axis.first.size();
  columns.taps = static_cast<std::size_t>(most_taps(axis));
  columns.first.assign((width + kBlockOutputs - 1) / kBlockOutputs * kBlockOutputs, 0);
  columns.weights.assign(columns.first.size() * columns.taps, 0.F);
  build_tiles(axis, columns.first.size(), columns.tiles);
  for (const AntialiasTile& tile : columns.tiles) {
    const std::size_t end = std::min(tile.first_output + tile.outputs, width);
    for (std::size_t x = tile.first_output; x < end; ++x) {
      columns.first[x] = static_cast<std::size_t>(axis.first[x]) - tile.first_column;
      float* const group = columns.weights.data() + x / kBlockOutputs * kBlockOutputs * columns.taps;
      for (std::size_t t = 0; t < static_cast<std::size_t>(axis.count[x]); ++t) {
        group[t * kBlockOutputs + x % kBlockOutputs] = axis.weights[x * axis.stride + t];
      }
    }
  }
}

// Makes room for `count` floats. What an earlier picture left in them is finite, which is all that is asked.
void grow(AlignedBuffer& buffer, std::size_t count) {
  if (buffer.size() < count * sizeof(float)) buffer = AlignedBuffer(count * sizeof(float));
}

float* floats(const AlignedBuffer& buffer) { return reinterpret_cast<float*>(buffer.data()); }

}  // namespace

void AntialiasPath::prepare(const Geometry& geometry) {
  if (geometry == geometry_) return;
  geometry_ = {};  // stays so if memory runs out below
  const auto& [source, resized, kept, filter] = geometry;
  columns_.build(source.width, resized.width, filter, kept.x, kept.width);
  rows_.build(source.height, resized.height, filter, kept.y, kept.height);
  build_columns(columns_, filter_);
  const auto widest = std::ranges::max_element(filter_.tiles, {}, &AntialiasTile::columns);
  grow(block_, (widest->columns + filter_.taps) * kBlockFloats);
  ring_rows_ = most_taps(rows_) + static_cast<std::int32_t>(kBlockRows) - 1;
  row_floats_ = padded(static_cast<std::size_t>(kept.width)) * kBlockChannels;
  grow(ring_, static_cast<std::size_t>(ring_rows_) * row_floats_);
  taps_.resize(static_cast<std::size_t>(ring_rows_));
  bytes_.assign(row_floats_, 0);
  build_column_table(kept.width, kept.width, kBlockChannels, unchanged_);
  geometry_ = geometry;
}

float* AntialiasPath::ring_row(std::int32_t row) {
  return floats(ring_) + static_cast<std::size_t>(row % ring_rows_) * row_floats_;
}

// Rows behind the picture's end repeat the last one; nothing weighs them.
void AntialiasPath::filter_rows_from(const ImageView& image, std::int32_t row) {
  const std::int32_t channels = channel_count(image.format);
  std::array<const std::uint8_t*, kBlockRows> sources{};
  std::array<float*, kBlockRows> results{};
  for (std::size_t i = 0; i < kBlockRows; ++i, ++row) {
    const std::int32_t inside = std::min(row, image.size.height - 1);
    sources[i] = reinterpret_cast<const std::uint8_t*>(image.data + inside * image.row_stride);
    results[i] = ring_row(row);
  }
  for (const AntialiasTile& tile : filter_.tiles) {
    std::array<const std::uint8_t*, kBlockRows> pixels = sources;
    for (const std::uint8_t*& pixel : pixels) pixel += tile.first_column * static_cast<std::size_t>(channels);
    expand_rows(pixels, channels, tile.columns, floats(block_));
    filter_block(floats(block_), filter_, tile, results);
  }
}

void AntialiasPath::weigh(std::int32_t y) {
  const auto d = static_cast<std::size_t>(y);
  const auto count = static_cast<std::size_t>(rows_.count[d]);
  for (std::size_t tap = 0; tap < count; ++tap) taps_[tap] = ring_row(rows_.first[d] + static_cast<std::int32_t>(tap));
  weigh_rows(std::span(taps_).first(count), std::span(rows_.weights).subspan(d * rows_.stride, count),
             static_cast<std::size_t>(geometry_.kept.width) * kBlockChannels, bytes_.data());
}

void AntialiasPath::run(const ImageView& image, AntialiasFilter filter, const Canvas& canvas) {
  prepare({image.size, canvas.resized(), canvas.kept(), filter});
  std::int32_t next = 0;  // the first source row that is not filtered yet
  for (std::int32_t y = 0; y < geometry_.kept.height; ++y) {
    const auto d = static_cast<std::size_t>(y);
    const std::int32_t end = rows_.first[d] + rows_.count[d];
    for (next = std::max(next, rows_.first[d]); next < end; next += static_cast<std::int32_t>(kBlockRows)) {
      filter_rows_from(image, next);
    }
    weigh(y);
    copy_row(bytes_.data(), unchanged_, canvas.row(y));
  }
}

}  // namespace inference_exp::vision
