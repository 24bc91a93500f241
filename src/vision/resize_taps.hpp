// Which cells, with which weights, make one pixel of an axis that torch resizes with antialiasing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/preprocessing.hpp"

namespace inference_exp::vision {

/// The kernels of torch's antialiased resize. `bicubic` is Keys' with a = -0.5.
enum class AntialiasFilter : std::uint8_t { bilinear, bicubic };

/// The kernel of torch's resamplings; nothing for those of other libraries.
[[nodiscard]] constexpr std::optional<AntialiasFilter> torch_filter(Resampling resampling) {
  if (resampling == Resampling::torch_bilinear) return AntialiasFilter::bilinear;
  if (resampling == Resampling::torch_bicubic) return AntialiasFilter::bicubic;
  return std::nullopt;
}

/// torch's antialiased resize in f32 (models.md, section 2.10 d): pixel `begin + o` is the sum of
/// weights[o * stride + t] * cell[first[o] + t] for t below count[o], in rising order of t. Where the axis grows,
/// stride is 2 (bicubic: 4). The weights are torch's to the bit, as its builds for AVX2 compute them.
struct ResizeTaps {
  std::int32_t in = 0;
  std::int32_t out = 0;
  AntialiasFilter filter = AntialiasFilter::bilinear;
  std::int32_t begin = 0;
  std::size_t stride = 0;
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> count;
  std::vector<float> weights;  ///< 0 from count[o] on

  /// The whole axis, bilinear. Does nothing when the table is for these lengths already.
  void build(std::int32_t in_length, std::int32_t out_length);

  /// Only the pixels [part_begin, part_begin + part_length) of an axis of `out_length`.
  void build(std::int32_t in_length, std::int32_t out_length, AntialiasFilter kernel, std::int32_t part_begin,
             std::int32_t part_length);

  /// The pixels [begin, end) that a cell of [first_cell, last_cell) reaches. For tables of a whole axis.
  struct Reach {
    std::int32_t begin = 0;
    std::int32_t end = 0;
  };
  [[nodiscard]] Reach reach(std::int32_t first_cell, std::int32_t last_cell) const noexcept;
};

}  // namespace inference_exp::vision
