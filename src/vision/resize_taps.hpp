// Which cells, with which weights, make one pixel of a resized axis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inference_exp::vision {

/// Bilinear with antialiasing as torch does it in f32 (models.md, section 2.10 d): pixel `o` is the sum of
/// weights[o * stride + t] * cell[first[o] + t] for t below count[o], in rising order of t. Where the axis grows,
/// stride is 2.
struct ResizeTaps {
  std::int32_t in = 0;
  std::int32_t out = 0;
  std::size_t stride = 0;
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> count;
  std::vector<float> weights;  ///< 0 from count[o] on

  /// Does nothing when the table is for these lengths already.
  void build(std::int32_t in_length, std::int32_t out_length);

  /// The pixels [begin, end) that a cell of [first_cell, last_cell) reaches.
  struct Reach {
    std::int32_t begin = 0;
    std::int32_t end = 0;
  };
  [[nodiscard]] Reach reach(std::int32_t first_cell, std::int32_t last_cell) const noexcept;
};

}  // namespace inference_exp::vision
