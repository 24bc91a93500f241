#include "vision/masks_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/masks_kernels.cpp"  // NOLINT
#include "hwy/foreach_target.h"                        // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace inference_exp::vision {  // NOLINT(modernize-concat-nested-namespaces)
namespace HWY_NAMESPACE {          // NOLINT
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::RebindToSigned<FloatTag>;

void combine_cells(const Prototypes& prototypes, std::span<const float> coefficients, std::size_t offset,
                   std::size_t count, float* HWY_RESTRICT sums) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t plane = prototypes.plane();
  const float* const first = prototypes.values.data() + offset;
  const std::size_t readable = prototypes.values.size() - (prototypes.channels - 1) * plane - offset;
  std::size_t i = 0;
  for (; i < count && i + lanes <= readable; i += lanes) {
    auto sum = hn::Zero(d);
    for (std::size_t c = 0; c < coefficients.size(); ++c) {
      sum = hn::Add(sum, hn::Mul(hn::Set(d, coefficients[c]), hn::LoadU(d, first + c * plane + i)));
    }
    hn::StoreU(sum, d, sums + i);
  }
  for (; i < count; ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < coefficients.size(); ++c) sum += coefficients[c] * first[c * plane + i];
    sums[i] = sum;
  }
}

/// Two taps a pixel: the axis grows.
void stretch_row(const ResizeTaps& taps, const float* HWY_RESTRICT cells, std::int32_t begin, std::size_t count,
                 float* HWY_RESTRICT pixels) {
  const FloatTag d;
  const IntTag di;
  const std::size_t lanes = hn::Lanes(d);
  const std::int32_t* const first = taps.first.data() + begin;
  const float* const weights = taps.weights.data() + 2 * static_cast<std::size_t>(begin);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto index = hn::LoadU(di, first + i);
    auto w0 = hn::Zero(d);
    auto w1 = hn::Zero(d);
    hn::LoadInterleaved2(d, weights + 2 * i, w0, w1);
    const auto left = hn::GatherIndex(d, cells, index);
    const auto right = hn::GatherIndex(d, cells + 1, index);
    hn::StoreU(hn::Add(hn::Mul(left, w0), hn::Mul(right, w1)), d, pixels + i);
  }
  for (; i < count; ++i) {
    const float* const cell = cells + first[i];
    pixels[i] = cell[0] * weights[2 * i] + cell[1] * weights[2 * i + 1];
  }
}

void threshold_row(std::span<const float* const> rows, const float* weights, float threshold, std::size_t count,
                   std::uint8_t* HWY_RESTRICT pixels) {
  const FloatTag d;
  const IntTag di;
  const hn::Rebind<std::uint8_t, FloatTag> du8;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto sum = hn::Mul(hn::LoadU(d, rows[0] + i), hn::Set(d, weights[0]));
    for (std::size_t t = 1; t < rows.size(); ++t) {
      sum = hn::Add(sum, hn::Mul(hn::LoadU(d, rows[t] + i), hn::Set(d, weights[t])));
    }
    const auto above = hn::RebindMask(di, hn::Gt(sum, hn::Set(d, threshold)));
    hn::StoreU(hn::DemoteTo(du8, hn::IfThenElseZero(above, hn::Set(di, 1))), du8, pixels + i);
  }
  for (; i < count; ++i) {
    float sum = rows[0][i] * weights[0];
    for (std::size_t t = 1; t < rows.size(); ++t) sum += rows[t][i] * weights[t];
    pixels[i] = static_cast<std::uint8_t>(sum > threshold);
  }
}

void classify_columns(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float threshold,
                      std::span<ColumnSpan::Kind> kinds) {
  // Far above what interpolating between two floats can lose.
  constexpr float kSafety = 1e-5F;
  const hn::CappedTag<float, kernels::kBlock> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto level = hn::Set(d, threshold);
  const auto safety = hn::Set(d, kSafety);
  for (std::size_t block = 0; block < kinds.size(); ++block) {
    bool all_set = true;
    bool all_clear = true;
    for (std::size_t i = block * kernels::kBlock; i < (block + 1) * kernels::kBlock; i += lanes) {
      const auto above = hn::LoadU(d, a + i);
      const auto below = hn::LoadU(d, b + i);
      const auto magnitude = hn::Add(hn::Max(hn::Abs(above), hn::Abs(below)), hn::Abs(level));
      const auto margin = hn::Mul(safety, magnitude);
      all_set = all_set && hn::AllTrue(d, hn::Gt(hn::Min(above, below), hn::Add(level, margin)));
      all_clear = all_clear && hn::AllTrue(d, hn::Lt(hn::Max(above, below), hn::Sub(level, margin)));
    }
    kinds[block] = all_set ? ColumnSpan::Kind::set : all_clear ? ColumnSpan::Kind::clear : ColumnSpan::Kind::mixed;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace inference_exp::vision
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace inference_exp::vision {

HWY_EXPORT(combine_cells);     // NOLINT
HWY_EXPORT(stretch_row);       // NOLINT
HWY_EXPORT(threshold_row);     // NOLINT
HWY_EXPORT(classify_columns);  // NOLINT

namespace kernels {
namespace {

/// Any number of taps a pixel: the axis shrinks.
void shrink_row(const ResizeTaps& taps, const float* cells, std::int32_t begin, std::size_t count, float* pixels) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t o = static_cast<std::size_t>(begin) + i;
    const float* const cell = cells + taps.first[o];
    const float* const weights = taps.weights.data() + o * taps.stride;
    float sum = cell[0] * weights[0];
    for (std::int32_t t = 1; t < taps.count[o]; ++t) sum += cell[t] * weights[t];
    pixels[i] = sum;
  }
}

}  // namespace

void combine_cells(const Prototypes& prototypes, std::span<const float> coefficients, std::size_t offset,
                   std::size_t count, float* sums) {
  HWY_DYNAMIC_DISPATCH(combine_cells)(prototypes, coefficients, offset, count, sums);
}

void stretch_row(const ResizeTaps& taps, const float* cells, std::int32_t begin, std::size_t count, float* pixels) {
  if (taps.stride != 2) {
    shrink_row(taps, cells, begin, count, pixels);
  } else {
    HWY_DYNAMIC_DISPATCH(stretch_row)(taps, cells, begin, count, pixels);
  }
}

void threshold_row(std::span<const float* const> rows, const float* weights, float threshold, std::size_t count,
                   std::uint8_t* pixels) {
  HWY_DYNAMIC_DISPATCH(threshold_row)(rows, weights, threshold, count, pixels);
}

void classify_columns(const float* a, const float* b, float threshold, std::span<ColumnSpan::Kind> kinds) {
  HWY_DYNAMIC_DISPATCH(classify_columns)(a, b, threshold, kinds);
}

}  // namespace kernels
}  // namespace inference_exp::vision

#endif  // HWY_ONCE
