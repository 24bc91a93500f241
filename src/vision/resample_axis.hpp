// Which source pixels make one output pixel, and with what weights: tables for one axis (models.md, section 2.10).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace inference_exp::vision {

/// OpenCV's linear filter: output `d` is made of source pixels `first[d]` and `second[d]`.
struct LinearAxis {
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> second;
  std::vector<float> fraction;                      ///< weight of `second`; `first` has 1 - fraction
  std::array<std::vector<std::int16_t>, 2> weight;  ///< the weights of both times 2048, rounded
};

enum class EdgeRule : std::uint8_t {
  drop_fraction,  ///< OpenCV's columns: outside the picture the fraction is zero
  clamp_indices   ///< OpenCV's rows: the indices are clamped and the fraction is kept
};

/// Fills `axis` for `source` -> `target` pixels, reusing its memory.
void build_linear_axis(std::int32_t source, std::int32_t target, EdgeRule rule, LinearAxis& axis);

/// Pillow's antialiased triangle filter: output `d` is the weighted sum of `count[d]` pixels from `first[d]`.
struct TriangleAxis {
  std::int32_t taps = 0;  ///< room per output in `weights`, the largest count
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> count;
  std::vector<double> weights;
  std::vector<std::int32_t> fixed;  ///< weights times 2^22, rounded
};

/// Fills `axis` for `source` -> `target` pixels, reusing its memory. Unused taps are zero.
void build_triangle_axis(std::int32_t source, std::int32_t target, TriangleAxis& axis);

inline constexpr int kLinearBits = 11;
inline constexpr int kTriangleBits = 22;

}  // namespace inference_exp::vision
