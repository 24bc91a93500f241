#include "vision/candidates.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/candidates.cpp"  // NOLINT
#include "hwy/foreach_target.h"                     // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace inference_exp::vision {  // NOLINT(modernize-concat-nested-namespaces)
namespace HWY_NAMESPACE {          // NOLINT
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::RebindToSigned<FloatTag>;
using Floats = hn::Vec<FloatTag>;
using Ints = hn::Vec<IntTag>;

/// Keeps the better score and its class. A NaN wins and stays, so that its anchor is dropped in the end.
HWY_INLINE void take_better(Floats score, std::size_t class_id, Floats& best, Ints& best_class) {
  const auto better = hn::Or(hn::Gt(score, best), hn::IsNaN(score));
  best = hn::IfThenElse(better, score, best);
  best_class = hn::IfThenElse(hn::RebindMask(IntTag(), better), hn::Set(IntTag(), static_cast<std::int32_t>(class_id)),
                              best_class);
}

/// Best score and class of `best.size()` anchors from `first` on, a whole number of vectors. Several classes are read
/// per pass over the two buffers, which stay in the first-level cache.
void best_classes(const ScoreGrid& grid, std::size_t first, std::span<float> best, std::span<std::int32_t> classes) {
  const FloatTag d;
  const IntTag di;
  constexpr std::size_t kStep = 4;
  const float* const scores = grid.values.data() + first;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < best.size(); i += lanes) {
    hn::StoreU(hn::LoadU(d, scores + i), d, best.data() + i);
    hn::StoreU(hn::Zero(di), di, classes.data() + i);
  }
  for (std::size_t c = 1; c < grid.classes; c += kStep) {
    const std::size_t end = c + kStep < grid.classes ? c + kStep : grid.classes;
    for (std::size_t i = 0; i < best.size(); i += lanes) {
      Floats score = hn::LoadU(d, best.data() + i);
      Ints id = hn::LoadU(di, classes.data() + i);
      for (std::size_t k = c; k < end; ++k) take_better(hn::LoadU(d, scores + k * grid.anchors + i), k, score, id);
      hn::StoreU(score, d, best.data() + i);
      hn::StoreU(id, di, classes.data() + i);
    }
  }
}

/// Appends the anchors of a block that pass.
void append_above(std::span<const float> best, std::span<const std::int32_t> classes, std::size_t first,
                  const ScoreThresholds& thresholds, std::vector<Candidate>& candidates) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const float lowest = thresholds.lowest();
  for (std::size_t i = 0; i < best.size(); i += lanes) {
    if (hn::AllFalse(d, hn::Gt(hn::LoadU(d, best.data() + i), hn::Set(d, lowest)))) continue;
    for (std::size_t k = i; k < i + lanes; ++k) {
      const bool passes = best[k] > thresholds.of(classes[k]) && best[k] <= hwy::HighestValue<float>();
      if (passes) candidates.push_back({best[k], classes[k], static_cast<std::uint32_t>(first + k)});
    }
  }
}

/// Handles as many anchors as fill whole vectors and returns their number.
std::size_t select_in_vectors(const ScoreGrid& grid, const ScoreThresholds& thresholds,
                              std::vector<Candidate>& candidates) {
  constexpr std::size_t kBlock = 1024;
  HWY_ALIGN float best[kBlock];
  HWY_ALIGN std::int32_t classes[kBlock];
  const std::size_t whole = grid.anchors - grid.anchors % hn::Lanes(FloatTag());
  for (std::size_t first = 0; first < whole; first += kBlock) {
    const std::size_t count = whole - first < kBlock ? whole - first : kBlock;
    best_classes(grid, first, {best, count}, {classes, count});
    append_above({best, count}, {classes, count}, first, thresholds, candidates);
  }
  return whole;
}

}  // namespace HWY_NAMESPACE
}  // namespace inference_exp::vision
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <cmath>

namespace inference_exp::vision {

HWY_EXPORT(select_in_vectors);  // NOLINT

namespace {

void select_one(const ScoreGrid& grid, std::size_t anchor, const ScoreThresholds& thresholds,
                std::vector<Candidate>& candidates) {
  float best = grid.values[anchor];
  std::int32_t best_class = 0;
  for (std::size_t c = 0; c < grid.classes; ++c) {
    const float score = grid.values[c * grid.anchors + anchor];
    if (std::isnan(score)) return;
    if (score > best) {
      best = score;
      best_class = static_cast<std::int32_t>(c);
    }
  }
  if (best > thresholds.of(best_class) && std::isfinite(best)) {
    candidates.push_back({best, best_class, static_cast<std::uint32_t>(anchor)});
  }
}

}  // namespace

float ScoreThresholds::lowest() const noexcept {
  return per_class.empty() ? uniform : *std::min_element(per_class.begin(), per_class.end());
}

void select_candidates(const ScoreGrid& grid, const ScoreThresholds& thresholds, std::vector<Candidate>& candidates) {
  candidates.clear();
  if (grid.classes == 0) return;
  std::size_t anchor = HWY_DYNAMIC_DISPATCH(select_in_vectors)(grid, thresholds, candidates);
  for (; anchor < grid.anchors; ++anchor) select_one(grid, anchor, thresholds, candidates);
}

std::vector<Candidate> select_candidates_reference(const ScoreGrid& grid, const ScoreThresholds& thresholds) {
  std::vector<Candidate> candidates;
  if (grid.classes == 0) return candidates;
  for (std::size_t anchor = 0; anchor < grid.anchors; ++anchor) select_one(grid, anchor, thresholds, candidates);
  return candidates;
}

}  // namespace inference_exp::vision

#endif  // HWY_ONCE
