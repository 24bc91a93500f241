// From prototypes and coefficients to the places where masks begin and end, as vision::MaskPainter finds them.
#pragma once

#if !defined(__CUDACC__)
#include <cmath>
#endif

#include "vision/cuda/device.hpp"

namespace inference_exp::vision::gpu {

/// One axis of vision::ResizeTaps: pixel o is made of count[o] cells from first[o], weights from o * stride.
struct MaskTaps {
  const std::int32_t* first = nullptr;
  const std::int32_t* count = nullptr;
  const float* weights = nullptr;
  std::int32_t stride = 0;
};

/// One instance: its window of cells, and the part of the picture that the window reaches.
struct MaskWindow {
  std::int32_t prototype_x = 0, prototype_y = 0;  ///< where the window lies in the prototypes
  std::int32_t cell_x = 0, cell_y = 0;            ///< and among the cells that show the picture
  std::int32_t cell_width = 0, cell_height = 0;
  std::int32_t x = 0, y = 0, width = 0, height = 0;  ///< in pixels of the cropped picture
  std::uint32_t first_cell = 0;                      ///< place in MaskWork::cells
  std::uint32_t first_column = 0;                    ///< place in MaskWork::column_flips
};

/// A pixel that differs from the one above it.
struct MaskFlip {
  std::int32_t column = 0;
  std::int32_t row = 0;
};

enum class MaskState : std::uint32_t {
  sure,
  unsure,   ///< a pixel is so close to the threshold that the last bit of an exponential decides
  too_many  ///< its flips did not fit
};

struct MaskAnswer {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  MaskState state = MaskState::sure;
};

struct MaskWork {
  Elements prototypes;  ///< [channels, height, width]
  std::uint32_t channels = 0;
  std::int32_t prototype_width = 0;
  std::uint32_t plane = 0;  ///< cells of one channel
  bool smoothing = true;
  float threshold = 0.5F;
  std::uint32_t masks = 0;
  const MaskWindow* windows = nullptr;  ///< [masks]
  const float* coefficients = nullptr;  ///< [masks, channels]
  MaskTaps columns;
  MaskTaps rows;
  float* cells = nullptr;                 ///< the windows' cells, one window after the other
  std::uint32_t* column_flips = nullptr;  ///< [sum of widths]
  std::uint32_t* used = nullptr;          ///< flips that were handed out; zero before the first kernel
  MaskAnswer* answers = nullptr;          ///< [masks]
  MaskFlip* flips = nullptr;              ///< [room], each mask's by column and then by row
  std::uint32_t room = 0;
};

/// One cell before the threshold: vision::cell_value, but for the last bits of the exponential.
IEXP_DEVICE float mask_cell_value(float logit, bool smoothing) {
  constexpr float kLargest = 1e30F;
  if (logit != logit) return 0;
  if (!smoothing) return logit < -kLargest ? -kLargest : logit > kLargest ? kLargest : logit;
#if defined(__CUDACC__)
  const auto falling = static_cast<float>(::exp(-static_cast<double>(logit)));
#else
  const auto falling = static_cast<float>(std::exp(-static_cast<double>(logit)));
#endif
  return 1.F / (1.F + falling);
}

/// One cell a thread: x counts the cells of a window, y the masks.
IEXP_DEVICE void combine_mask_cell(const MaskWork& work, std::uint32_t cell, std::uint32_t mask) {
  if (mask >= work.masks) return;
  const MaskWindow& window = work.windows[mask];
  const auto width = static_cast<std::uint32_t>(window.cell_width);
  if (cell >= width * static_cast<std::uint32_t>(window.cell_height)) return;
  const std::int32_t x = window.prototype_x + static_cast<std::int32_t>(cell % width);
  const std::int32_t y = window.prototype_y + static_cast<std::int32_t>(cell / width);
  const std::size_t place = static_cast<std::size_t>(y) * work.prototype_width + static_cast<std::size_t>(x);
  const float* const coefficients = work.coefficients + static_cast<std::size_t>(mask) * work.channels;
  float sum = 0;
  for (std::uint32_t c = 0; c < work.channels; ++c) {
    sum += coefficients[c] * work.prototypes.at(static_cast<std::size_t>(c) * work.plane + place);
  }
  work.cells[window.first_cell + cell] = mask_cell_value(sum, work.smoothing);
}

/// One column of one mask, from its top pixel on.
struct MaskColumn {
  const MaskWork& work;
  const MaskWindow& window;
  std::int32_t column;
  std::int32_t cached_row[2] = {-1, -1};
  float cached[2] = {0, 0};

  IEXP_DEVICE MaskColumn(const MaskWork& mask_work, const MaskWindow& mask_window, std::int32_t x)
      : work(mask_work), window(mask_window), column(x) {}

  /// A row of cells, 0 beyond the window, at this column.
  [[nodiscard]] IEXP_DEVICE float stretched(std::int32_t row) {
    const std::int32_t slot = row & 1;
    if (cached_row[slot] == row) return cached[slot];
    cached_row[slot] = row;
    cached[slot] = stretch(row);
    return cached[slot];
  }

  [[nodiscard]] IEXP_DEVICE float stretch(std::int32_t row) const {
    const std::int32_t y = row - window.cell_y;
    if (y < 0 || y >= window.cell_height) return 0;
    const float* const cells = work.cells + window.first_cell + static_cast<std::size_t>(y) * window.cell_width;
    const float* const weights = work.columns.weights + static_cast<std::size_t>(column) * work.columns.stride;
    const std::int32_t first = work.columns.first[column] - window.cell_x;
    float sum = 0;
    for (std::int32_t t = 0; t < work.columns.count[column]; ++t) {
      const std::int32_t x = first + t;
      if (x >= 0 && x < window.cell_width) sum += cells[x] * weights[t];
    }
    return sum;
  }

  [[nodiscard]] IEXP_DEVICE float value(std::int32_t y) {
    const float* const weights = work.rows.weights + static_cast<std::size_t>(y) * work.rows.stride;
    const std::int32_t first = work.rows.first[y];
    float sum = 0;
    for (std::int32_t t = 0; t < work.rows.count[y]; ++t) sum += stretched(first + t) * weights[t];
    return sum;
  }

  /// Calls visit(row) where a pixel differs from the one above it, below the last one too. Returns whether all pixels
  /// are sure.
  template <typename Visit>
  IEXP_DEVICE bool scan(Visit visit) {
    constexpr float kMargin = 1e-6F;  // several times what the last bits of the cells can add up to
    bool sure = true;
    bool above = false;
    for (std::int32_t y = window.y; y < window.y + window.height; ++y) {
      const float pixel = value(y);
      const float distance = pixel - work.threshold;
      const bool set = pixel > work.threshold;
      if (work.smoothing && distance < kMargin && distance > -kMargin) sure = false;
      if (set != above) visit(y);
      above = set;
    }
    if (above) visit(window.y + window.height);
    return sure;
  }
};

/// Parts that a mask's columns are counted in.
inline constexpr std::uint32_t kColumnParts = 256;

/// The block's shared memory.
struct MaskShared {
  std::uint32_t parts[kColumnParts + 1];  ///< flips of each part, then of all parts before it
  std::uint32_t first;
  std::uint32_t unsure;
  std::uint32_t fits;
};

/// Turns the numbers of flips of a mask's columns into places.
IEXP_DEVICE void place_flips(const Block& block, const MaskWork& work, std::uint32_t* columns, std::uint32_t width,
                             MaskShared& shared) {
  const std::uint32_t step = (width + kColumnParts - 1) / kColumnParts;
  const auto end_of = [step, width](std::uint32_t part) {
    return (part + 1) * step < width ? (part + 1) * step : width;
  };
  block.for_each(kColumnParts, [&](std::uint32_t part) {
    std::uint32_t sum = 0;
    for (std::uint32_t i = part * step; i < end_of(part); ++i) sum += columns[i];
    shared.parts[part] = sum;
  });
  block.once([&] {
    std::uint32_t sum = 0;
    for (std::uint32_t part = 0; part < kColumnParts; ++part) {
      const std::uint32_t of_part = shared.parts[part];
      shared.parts[part] = sum;
      sum += of_part;
    }
    shared.parts[kColumnParts] = sum;
    shared.first = atomic_add(work.used, sum);
    shared.fits = shared.first <= work.room && sum <= work.room - shared.first ? 1U : 0U;
  });
  block.for_each(kColumnParts, [&](std::uint32_t part) {
    std::uint32_t place = shared.first + shared.parts[part];
    for (std::uint32_t i = part * step; i < end_of(part); ++i) {
      const std::uint32_t of_column = columns[i];
      columns[i] = place;
      place += of_column;
    }
  });
}

/// One block a mask: counts each column's flips, gives them places, and writes them.
IEXP_DEVICE void find_mask_flips(const Block& block, const MaskWork& work, std::uint32_t mask, MaskShared& shared) {
  const MaskWindow& window = work.windows[mask];
  const auto width = static_cast<std::uint32_t>(window.width);
  std::uint32_t* const columns = work.column_flips + window.first_column;
  block.once([&] { shared.unsure = 0; });
  block.for_each(width, [&](std::uint32_t i) {
    std::uint32_t flips = 0;
    MaskColumn column(work, window, window.x + static_cast<std::int32_t>(i));
    if (!column.scan([&flips](std::int32_t) { ++flips; })) shared.unsure = 1;
    columns[i] = flips;
  });
  place_flips(block, work, columns, width, shared);
  if (shared.fits != 0) {
    block.for_each(width, [&](std::uint32_t i) {
      std::uint32_t place = columns[i];
      const std::int32_t x = window.x + static_cast<std::int32_t>(i);
      MaskColumn column(work, window, x);
      column.scan([&](std::int32_t y) { work.flips[place++] = {x, y}; });
    });
  }
  block.once([&] {
    const MaskState state = shared.fits == 0     ? MaskState::too_many
                            : shared.unsure != 0 ? MaskState::unsure
                                                 : MaskState::sure;
    work.answers[mask] = {shared.first, shared.parts[kColumnParts], state};
  });
}

}  // namespace inference_exp::vision::gpu
