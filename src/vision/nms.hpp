// Non-maximum suppression, as torchvision does it on the CPU (models.md, section 3.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vision/boxes.hpp"

namespace inference_exp::vision {

struct NmsOptions {
  double iou_threshold = 0.3;        ///< 0...1; a box goes when its IoU with a better one is above
  std::size_t max_detections = 300;  ///< only the best ones are returned
  bool class_agnostic = false;
};

/// Above this many candidates, classes are suppressed one by one instead of being moved apart.
inline constexpr std::size_t kOffsetTrickLimit = 1000;

/// Buffers that are reused from call to call. One per thread at a time; grows, never shrinks.
struct NmsWorkspace {
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> ranked;     ///< candidates by falling score
  std::vector<std::uint32_t> positions;  ///< into `ranked`
  std::vector<BoxF> boxes;
  std::vector<float> kept;  ///< x1, y1, x2, y2, area of the kept boxes, one after the other
};

/// Indices of the boxes that survive, by falling score, equal scores by rising index; at most `max_detections`.
/// The three spans have the same length, below 2^32; boxes and scores are finite, class ids not negative.
void batched_nms(std::span<const BoxF> boxes, std::span<const float> scores, std::span<const std::int32_t> class_ids,
                 const NmsOptions& options, NmsWorkspace& workspace, std::vector<std::uint32_t>& keep);

/// The plain twin that defines the truth.
[[nodiscard]] std::vector<std::uint32_t> batched_nms_reference(std::span<const BoxF> boxes,
                                                               std::span<const float> scores,
                                                               std::span<const std::int32_t> class_ids,
                                                               const NmsOptions& options);

}  // namespace inference_exp::vision
