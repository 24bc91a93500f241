// What must hold between a YOLO network and its package before the first image.
#pragma once

#include <cstddef>
#include <span>

#include "inference_exp/model.hpp"
#include "models/registry.hpp"
#include "models/yolo_head.hpp"

namespace inference_exp::models {

/// Throws CorruptedModelPackageError unless the configuration is one that the family can serve: suppression as
/// post-processing, a resize mode, three input channels, one input of matching size, class names.
void check_yolo_package(const ModelInit& init);

/// Throws CorruptedModelPackageError unless the session has `outputs` outputs and the first, as far as its shape is
/// known, is that of `head`.
void check_yolo_outputs(const runtime::Session& session, std::size_t outputs, const YoloHead& head);

/// Where a segmentation network keeps its rows and its prototypes, and how many of the latter there are.
struct SegmentationOutputs {
  std::size_t instances = 0;
  std::size_t prototypes = 1;
  std::size_t channels = 32;
};
/// Told apart by rank. Throws CorruptedModelPackageError when that is not possible.
[[nodiscard]] SegmentationOutputs find_segmentation_outputs(const runtime::Session& session);

/// Most key points of any class. Throws CorruptedModelPackageError unless there is one skeleton per class and at least
/// one point.
[[nodiscard]] std::size_t key_point_slots(std::span<const Skeleton> skeletons, std::size_t classes);

}  // namespace inference_exp::models
