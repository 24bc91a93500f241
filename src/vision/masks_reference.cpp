#include <algorithm>
#include <cmath>

#include "vision/masks.hpp"

namespace inference_exp::vision {
namespace {

/// A row-major picture of floats.
struct Cells {
  std::int32_t width = 0;
  std::int32_t height = 0;
  std::vector<float> values;

  Cells(std::int32_t w, std::int32_t h)
      : width(w), height(h), values(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  float& at(std::int32_t x, std::int32_t y) {
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
  }
};

Cells combine(const Prototypes& prototypes, std::span<const float> coefficients, bool smoothing) {
  Cells cells(prototypes.size.width, prototypes.size.height);
  for (std::size_t i = 0; i < cells.values.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < prototypes.channels; ++c) {
      sum += coefficients[c] * prototypes.values[c * prototypes.plane() + i];
    }
    cells.values[i] = cell_value(sum, smoothing);
  }
  return cells;
}

void clear_outside(const Window& box, Cells& cells) {
  for (std::int32_t y = 0; y < cells.height; ++y) {
    for (std::int32_t x = 0; x < cells.width; ++x) {
      const bool inside = x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1;
      if (!inside) cells.at(x, y) = 0;
    }
  }
}

/// The cells of `window`; zero where it reaches beyond them.
Cells cut(Cells& cells, const Window& window) {
  Cells part(std::max(0, window.width()), std::max(0, window.height()));
  for (std::int32_t y = 0; y < part.height; ++y) {
    for (std::int32_t x = 0; x < part.width; ++x) {
      const std::int32_t from_x = x + window.x0;
      const std::int32_t from_y = y + window.y0;
      const bool inside = from_x >= 0 && from_x < cells.width && from_y >= 0 && from_y < cells.height;
      if (inside) part.at(x, y) = cells.at(from_x, from_y);
    }
  }
  return part;
}

Cells resize_width(Cells& cells, std::int32_t width) {
  ResizeTaps taps;
  taps.build(cells.width, width);
  Cells resized(width, cells.height);
  for (std::int32_t y = 0; y < cells.height; ++y) {
    for (std::int32_t x = 0; x < width; ++x) {
      const auto o = static_cast<std::size_t>(x);
      float sum = cells.at(taps.first[o], y) * taps.weights[o * taps.stride];
      for (std::int32_t t = 1; t < taps.count[o]; ++t) {
        sum += cells.at(taps.first[o] + t, y) * taps.weights[o * taps.stride + static_cast<std::size_t>(t)];
      }
      resized.at(x, y) = sum;
    }
  }
  return resized;
}

Cells transpose(Cells& cells) {
  Cells turned(cells.height, cells.width);
  for (std::int32_t y = 0; y < cells.height; ++y) {
    for (std::int32_t x = 0; x < cells.width; ++x) turned.at(y, x) = cells.at(x, y);
  }
  return turned;
}

Cells resize(Cells cells, Size size) {
  Cells wide = resize_width(cells, size.width);
  Cells turned = transpose(wide);
  Cells turned_tall = resize_width(turned, size.height);
  return transpose(turned_tall);
}

}  // namespace

std::vector<std::uint8_t> paint_mask_reference(const Prototypes& prototypes, const PreprocessingMetadata& placement,
                                               const MaskOptions& options, const MaskQuery& query) {
  Cells cells = combine(prototypes, query.coefficients, options.smoothing);
  clear_outside(box_cells(query.box, prototypes.size), cells);
  Cells visible = cut(cells, image_cells(prototypes.size, placement));
  const Size canvas_size = placement.original_size;
  std::vector<std::uint8_t> canvas(static_cast<std::size_t>(canvas_size.width) *
                                   static_cast<std::size_t>(canvas_size.height));
  const Size image = placement.size_after_pre_processing;
  if (visible.width == 0 || visible.height == 0) return canvas;
  const bool same_size = visible.width == image.width && visible.height == image.height;
  Cells picture = same_size ? visible : resize(visible, image);
  for (std::int32_t y = 0; y < image.height; ++y) {
    for (std::int32_t x = 0; x < image.width; ++x) {
      const auto row = static_cast<std::size_t>(y) + static_cast<std::size_t>(placement.static_crop.y);
      const auto column = static_cast<std::size_t>(x) + static_cast<std::size_t>(placement.static_crop.x);
      canvas[row * static_cast<std::size_t>(canvas_size.width) + column] = picture.at(x, y) > options.threshold;
    }
  }
  return canvas;
}

}  // namespace inference_exp::vision
