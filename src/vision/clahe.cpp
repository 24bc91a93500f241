// Contrast-limited adaptive histogram equalisation: each tile has its own grey-level map, and a pixel mixes the maps of
// the four nearest tiles.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "vision/contrast.hpp"

namespace inference_exp::vision {

namespace {

constexpr std::int32_t kTilesPerSide = 8;
constexpr double kClipLimit = 0.03;
constexpr std::size_t kBins = 256;
constexpr std::int32_t kGrays = 1 << 14;
constexpr std::int32_t kBinWidth = 1 + kGrays / static_cast<std::int32_t>(kBins);

// Mirrors an index that ran past the end back into the picture, without repeating the edge.
std::int32_t mirror(std::int32_t index, std::int32_t side) {
  if (side == 1) return 0;
  const std::int32_t period = 2 * (side - 1);
  index %= period;
  return index < side ? index : period - index;
}

struct Tiling {
  explicit Tiling(std::int32_t side) : tile(std::max(side / kTilesPerSide, 1)), count((side + tile - 1) / tile) {}

  std::int32_t tile;
  std::int32_t count;

  // The two tiles whose centres enclose a pixel, and the weight of the second.
  struct Mix {
    std::int32_t first;
    std::int32_t second;
    float weight;
  };
  [[nodiscard]] Mix mix(std::int32_t position) const {
    const std::int32_t shifted = position + tile / 2;
    const std::int32_t block = shifted / tile;
    return {std::clamp(block - 1, 0, count - 1), std::clamp(block, 0, count - 1),
            static_cast<float>(shifted % tile) / static_cast<float>(tile)};
  }
};

// Cuts bins at `limit` and deals what was cut off to the others, first evenly, then one by one.
void clip_histogram(std::span<std::uint32_t> histogram, std::uint32_t limit) {
  std::int64_t excess = 0;
  for (std::uint32_t& bin : histogram) {
    if (bin <= limit) continue;
    excess += bin - limit;
    bin = limit;
  }
  const auto share = static_cast<std::uint32_t>(excess / static_cast<std::int64_t>(histogram.size()));
  const std::uint32_t nearly_full = limit - std::min(share, limit);
  for (std::uint32_t& bin : histogram) {
    const std::uint32_t filled = bin < nearly_full ? bin + share : limit;
    excess -= filled - bin;
    bin = filled;
  }
  bool progress = true;
  while (excess > 0 && progress) {
    progress = false;
    for (std::size_t start = 0; start < histogram.size() && excess > 0; ++start) {
      const auto open = std::count_if(histogram.begin(), histogram.end(), [&](std::uint32_t b) { return b < limit; });
      const auto step = static_cast<std::size_t>(std::max<std::int64_t>(1, open / excess));
      for (std::size_t i = start; i < histogram.size(); i += step) {
        if (histogram[i] >= limit) continue;
        ++histogram[i];
        --excess;
        progress = true;
      }
    }
  }
}

void accumulate(std::span<const std::uint32_t> histogram, std::int32_t pixels, std::span<std::uint16_t> map) {
  const double scale = static_cast<double>(kGrays - 1) / pixels;
  std::uint64_t sum = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    sum += histogram[bin];
    map[bin] = static_cast<std::uint16_t>(std::min(static_cast<double>(sum) * scale, kGrays - 1.0));
  }
}

// Brightness to histogram bins; false when there is only one brightness.
bool fill_bins(std::span<const float> brightness, std::vector<std::uint8_t>& bins) {
  const auto as_u16 = [](float value) { return std::nearbyint(static_cast<double>(value) * 65535.0); };
  const auto [darkest, brightest] = std::minmax_element(brightness.begin(), brightness.end());
  const double low = as_u16(*darkest);
  const double range = as_u16(*brightest) - low;
  if (range <= 0) return false;
  bins.resize(brightness.size());
  std::transform(brightness.begin(), brightness.end(), bins.begin(), [&](float value) {
    const auto gray = static_cast<std::int32_t>(std::nearbyint((as_u16(value) - low) / range * (kGrays - 1)));
    return static_cast<std::uint8_t>(gray / kBinWidth);
  });
  return true;
}

void build_tile_maps(Size size, const Tiling& columns, const Tiling& rows, ContrastScratch& scratch) {
  const std::int32_t tile_pixels = columns.tile * rows.tile;
  const auto limit = static_cast<std::uint32_t>(std::max(kClipLimit * tile_pixels, 1.0));
  scratch.tile_maps.resize(static_cast<std::size_t>(columns.count) * static_cast<std::size_t>(rows.count) * kBins);
  std::span<std::uint16_t> maps = scratch.tile_maps;
  for (std::int32_t tile_y = 0; tile_y < rows.count; ++tile_y) {
    for (std::int32_t tile_x = 0; tile_x < columns.count; ++tile_x) {
      scratch.histogram.assign(kBins, 0);
      for (std::int32_t y = tile_y * rows.tile; y < (tile_y + 1) * rows.tile; ++y) {
        const std::size_t row = static_cast<std::size_t>(mirror(y, size.height)) * static_cast<std::size_t>(size.width);
        for (std::int32_t x = tile_x * columns.tile; x < (tile_x + 1) * columns.tile; ++x) {
          ++scratch.histogram[scratch.bins[row + static_cast<std::size_t>(mirror(x, size.width))]];
        }
      }
      clip_histogram(scratch.histogram, limit);
      accumulate(scratch.histogram, tile_pixels, maps.first(kBins));
      maps = maps.subspan(kBins);
    }
  }
}

void mix_tile_maps(Size size, const Tiling& columns, const Tiling& rows, const ContrastScratch& scratch,
                   std::span<float> result) {
  std::size_t i = 0;
  for (std::int32_t y = 0; y < size.height; ++y) {
    const Tiling::Mix vertical = rows.mix(y);
    for (std::int32_t x = 0; x < size.width; ++x, ++i) {
      const Tiling::Mix horizontal = columns.mix(x);
      const auto mapped = [&](std::int32_t tile_x, std::int32_t tile_y) {
        const auto tile = static_cast<std::size_t>(tile_y) * static_cast<std::size_t>(columns.count) +
                          static_cast<std::size_t>(tile_x);
        return static_cast<float>(scratch.tile_maps[tile * kBins + scratch.bins[i]]);
      };
      const float top = mapped(horizontal.first, vertical.first) * (1 - horizontal.weight) +
                        mapped(horizontal.second, vertical.first) * horizontal.weight;
      const float bottom = mapped(horizontal.first, vertical.second) * (1 - horizontal.weight) +
                           mapped(horizontal.second, vertical.second) * horizontal.weight;
      result[i] = std::floor(top * (1 - vertical.weight) + bottom * vertical.weight);
    }
  }
}

}  // namespace

void equalize_adaptively(Size size, std::span<float> brightness, ContrastScratch& scratch) {
  if (!fill_bins(brightness, scratch.bins)) return;
  const Tiling columns(size.width);
  const Tiling rows(size.height);
  build_tile_maps(size, columns, rows, scratch);
  mix_tile_maps(size, columns, rows, scratch, brightness);
  const auto [darkest, brightest] = std::minmax_element(brightness.begin(), brightness.end());
  const float low = *darkest;
  const float range = *brightest - low;
  for (float& value : brightness) value = range > 0 ? (value - low) / range : std::min(value, 1.0F);
}

}  // namespace inference_exp::vision
