#include "vision/nms.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vision/nms.cpp"  // NOLINT
#include "hwy/foreach_target.h"              // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace inference_exp::vision {  // NOLINT(modernize-concat-nested-namespaces)
namespace HWY_NAMESPACE {          // NOLINT
namespace hn = hwy::HWY_NAMESPACE;

/// Greedy suppression of boxes that come best first: each is compared with the boxes kept so far, several at a time.
/// `kept` holds five columns of `boxes.size()` rounded up to whole vectors. Returns how many were kept; their positions
/// are in `keep`.
std::size_t greedy_nms(std::span<const BoxF> boxes, float iou_above, std::size_t limit, std::span<float> kept,
                       std::span<std::uint32_t> keep) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t column = kept.size() / 5;
  float* const x1 = kept.data();
  float* const y1 = x1 + column;
  float* const x2 = y1 + column;
  float* const y2 = x2 + column;
  float* const areas = y2 + column;

  // The comparisons are spelled out because Min and Max differ between instruction sets where NaN is involved.
  const auto max = [](V a, V b) HWY_ATTR { return hn::IfThenElse(hn::Lt(a, b), b, a); };
  const auto min = [](V a, V b) HWY_ATTR { return hn::IfThenElse(hn::Lt(b, a), b, a); };
  const auto at_least_zero = [](V a) HWY_ATTR { return hn::IfThenElseZero(hn::Gt(a, hn::Zero(hn::DFromV<V>())), a); };

  std::size_t count = 0;
  for (std::size_t position = 0; position < boxes.size() && count < limit; ++position) {
    const BoxF& box = boxes[position];
    const float box_area = area(box);
    const V bx1 = hn::Set(d, box.x1);
    const V by1 = hn::Set(d, box.y1);
    const V bx2 = hn::Set(d, box.x2);
    const V by2 = hn::Set(d, box.y2);
    bool suppressed = false;
    for (std::size_t i = 0; i < count && !suppressed; i += lanes) {
      const V width = at_least_zero(hn::Sub(min(hn::LoadU(d, x2 + i), bx2), max(hn::LoadU(d, x1 + i), bx1)));
      const V height = at_least_zero(hn::Sub(min(hn::LoadU(d, y2 + i), by2), max(hn::LoadU(d, y1 + i), by1)));
      const V intersection = hn::Mul(width, height);
      const auto valid = hn::And(hn::FirstN(d, count - i), hn::Gt(intersection, hn::Zero(d)));
      if (hn::AllFalse(d, valid)) continue;  // the common case: no division
      const V both = hn::Add(hn::LoadU(d, areas + i), hn::Set(d, box_area));
      const V overlap = hn::Div(intersection, hn::Sub(both, intersection));
      suppressed = !hn::AllFalse(d, hn::And(valid, hn::Gt(overlap, hn::Set(d, iou_above))));
    }
    if (suppressed) continue;
    x1[count] = box.x1;
    y1[count] = box.y1;
    x2[count] = box.x2;
    y2[count] = box.y2;
    areas[count] = box_area;
    keep[count] = static_cast<std::uint32_t>(position);
    ++count;
  }
  return count;
}

}  // namespace HWY_NAMESPACE
}  // namespace inference_exp::vision
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace inference_exp::vision {

HWY_EXPORT(greedy_nms);  // NOLINT

namespace {

/// Room behind the last element that whole-vector reads may touch.
constexpr std::size_t kVectorSlack = 64;

/// The float for which "f32 > it" means the same as "f32 widened > threshold".
float round_down(double threshold) noexcept {
  const auto nearest = static_cast<float>(threshold);
  return static_cast<double>(nearest) > threshold ? std::nextafter(nearest, -1.F) : nearest;
}

/// Orders like the float, as an unsigned number; -0 counts as 0.
std::uint32_t ordered_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.F);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}

/// Fills `ranked` with indices by falling score, equal scores by rising index.
void rank_by_score(std::span<const float> scores, NmsWorkspace& workspace) {
  std::vector<std::uint64_t>& keys = workspace.keys;
  keys.resize(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    keys[i] = (std::uint64_t{~ordered_bits(scores[i])} << 32) | i;
  }
  std::sort(keys.begin(), keys.end());
  workspace.ranked.resize(scores.size());
  std::transform(keys.begin(), keys.end(), workspace.ranked.begin(),
                 [](std::uint64_t key) { return static_cast<std::uint32_t>(key); });
}

std::size_t suppress(std::span<const BoxF> boxes, const NmsOptions& options, NmsWorkspace& workspace,
                     std::span<std::uint32_t> keep) {
  const std::size_t column = std::min(boxes.size(), options.max_detections) + kVectorSlack;
  if (workspace.kept.size() < 5 * column) workspace.kept.resize(5 * column);
  const std::span<float> kept = std::span(workspace.kept).first(5 * column);
  return HWY_DYNAMIC_DISPATCH(greedy_nms)(boxes, round_down(options.iou_threshold), options.max_detections, kept, keep);
}

/// All classes at once, each moved to a place of its own.
void nms_with_offsets(std::span<const BoxF> boxes, std::span<const std::int32_t> class_ids, const NmsOptions& options,
                      NmsWorkspace& workspace, std::vector<std::uint32_t>& keep) {
  float highest = boxes.front().x1;
  for (const BoxF& box : boxes) highest = std::max({highest, box.x1, box.y1, box.x2, box.y2});
  workspace.boxes.resize(boxes.size());
  for (std::size_t rank = 0; rank < boxes.size(); ++rank) {
    const std::uint32_t index = workspace.ranked[rank];
    const BoxF& box = boxes[index];
    const float offset = options.class_agnostic ? 0.F : static_cast<float>(class_ids[index]) * (highest + 1);
    workspace.boxes[rank] = {box.x1 + offset, box.y1 + offset, box.x2 + offset, box.y2 + offset};
  }
  keep.resize(boxes.size());
  keep.resize(suppress(workspace.boxes, options, workspace, keep));
}

/// Class by class on untouched boxes. No class can place more than `max_detections` among the best, so each stops
/// there.
void nms_by_class(std::span<const BoxF> boxes, std::span<const std::int32_t> class_ids, const NmsOptions& options,
                  NmsWorkspace& workspace, std::vector<std::uint32_t>& keep) {
  std::vector<std::uint64_t>& keys = workspace.keys;
  for (std::size_t rank = 0; rank < boxes.size(); ++rank) {
    const auto id = options.class_agnostic ? 0U : static_cast<std::uint32_t>(class_ids[workspace.ranked[rank]]);
    keys[rank] = (std::uint64_t{id} << 32) | rank;
  }
  std::sort(keys.begin(), keys.end());
  workspace.positions.resize(boxes.size());
  keep.clear();
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin;
    workspace.boxes.clear();
    while (end < keys.size() && keys[end] >> 32 == keys[begin] >> 32) {
      workspace.boxes.push_back(boxes[workspace.ranked[static_cast<std::uint32_t>(keys[end])]]);
      ++end;
    }
    const std::size_t count = suppress(workspace.boxes, options, workspace, workspace.positions);
    for (const std::uint32_t position : std::span(workspace.positions).first(count)) {
      keep.push_back(static_cast<std::uint32_t>(keys[begin + position]));
    }
    begin = end;
  }
  std::sort(keep.begin(), keep.end());
  if (keep.size() > options.max_detections) keep.resize(options.max_detections);
}

}  // namespace

void batched_nms(std::span<const BoxF> boxes, std::span<const float> scores, std::span<const std::int32_t> class_ids,
                 const NmsOptions& options, NmsWorkspace& workspace, std::vector<std::uint32_t>& keep) {
  keep.clear();
  if (boxes.empty()) return;
  rank_by_score(scores, workspace);
  const auto nms = boxes.size() <= kOffsetTrickLimit ? nms_with_offsets : nms_by_class;
  nms(boxes, class_ids, options, workspace, keep);
  for (std::uint32_t& rank : keep) rank = workspace.ranked[rank];
}

}  // namespace inference_exp::vision

#endif  // HWY_ONCE
