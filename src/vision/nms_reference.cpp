#include <algorithm>
#include <map>
#include <numeric>

#include "vision/nms.hpp"

namespace inference_exp::vision {
namespace {

using Indices = std::vector<std::uint32_t>;

void sort_by_score(Indices& indices, std::span<const float> scores) {
  std::stable_sort(indices.begin(), indices.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
}

/// Greedy suppression within `candidates`, which come in rising index order.
Indices nms(std::span<const BoxF> boxes, std::span<const float> scores, Indices candidates, double iou_threshold) {
  sort_by_score(candidates, scores);
  Indices keep;
  for (const std::uint32_t candidate : candidates) {
    const bool suppressed = std::any_of(keep.begin(), keep.end(), [&](std::uint32_t better) {
      return static_cast<double>(iou(boxes[better], boxes[candidate])) > iou_threshold;
    });
    if (!suppressed) keep.push_back(candidate);
  }
  return keep;
}

/// Moves every class to a place of its own, so that one suppression serves all.
std::vector<BoxF> offset_by_class(std::span<const BoxF> boxes, std::span<const std::int32_t> class_ids) {
  float highest = boxes.front().x1;
  for (const BoxF& box : boxes) highest = std::max({highest, box.x1, box.y1, box.x2, box.y2});
  std::vector<BoxF> moved;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const float offset = static_cast<float>(class_ids[i]) * (highest + 1);
    moved.push_back({boxes[i].x1 + offset, boxes[i].y1 + offset, boxes[i].x2 + offset, boxes[i].y2 + offset});
  }
  return moved;
}

}  // namespace

std::vector<std::uint32_t> batched_nms_reference(std::span<const BoxF> boxes, std::span<const float> scores,
                                                 std::span<const std::int32_t> class_ids, const NmsOptions& options) {
  if (boxes.empty()) return {};
  const std::vector<std::int32_t> classes = options.class_agnostic
                                                ? std::vector<std::int32_t>(boxes.size(), 0)
                                                : std::vector<std::int32_t>(class_ids.begin(), class_ids.end());
  Indices keep;
  if (boxes.size() <= kOffsetTrickLimit) {
    Indices all(boxes.size());
    std::iota(all.begin(), all.end(), 0U);
    keep = nms(offset_by_class(boxes, classes), scores, all, options.iou_threshold);
  } else {
    std::map<std::int32_t, Indices> by_class;
    for (std::uint32_t i = 0; i < boxes.size(); ++i) by_class[classes[i]].push_back(i);
    for (const auto& [id, members] : by_class) {
      const Indices kept = nms(boxes, scores, members, options.iou_threshold);
      keep.insert(keep.end(), kept.begin(), kept.end());
    }
    std::sort(keep.begin(), keep.end());  // so that the stable sort orders equal scores by index
    sort_by_score(keep, scores);
  }
  if (keep.size() > options.max_detections) keep.resize(options.max_detections);
  return keep;
}

}  // namespace inference_exp::vision
