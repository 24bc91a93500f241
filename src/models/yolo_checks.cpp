#include "models/yolo_checks.hpp"

#include <algorithm>
#include <string>

#include "inference_exp/errors.hpp"
#include "models/package_checks.hpp"

namespace inference_exp::models {
void check_yolo_package(const ModelInit& init) {
  if (!init.config.post_processing || init.config.post_processing->type != packages::PostProcessingType::nms) {
    throw CorruptedModelPackageError("The configuration's post_processing.type is not \"nms\".",
                                     "A YOLO package must say how its boxes are suppressed.");
  }
  check_image_package(init, "YOLO");
}

void check_yolo_outputs(const runtime::Session& session, std::size_t outputs, const YoloHead& head) {
  if (session.outputs().size() != outputs) {
    throw CorruptedModelPackageError("The network has " + std::to_string(session.outputs().size()) + " outputs where " +
                                         std::to_string(outputs) + " was expected.",
                                     kWrongNetwork);
  }
  const std::size_t index = outputs == 1 ? 0 : find_segmentation_outputs(session).instances;
  const Shape& shape = session.outputs()[index].shape;
  const std::string values = std::to_string(head.values_per_row());
  const std::size_t axis = head.is_grid() ? 1 : 2;
  if (shape.rank() == 3 && fits(shape[axis], static_cast<std::int64_t>(head.values_per_row()))) return;
  throw CorruptedModelPackageError(
      "The network's output is " + shape.to_string() + " where " +
          (head.is_grid() ? "[batch, " + values + ", anchors]" : "[batch, rows, " + values + "]") +
          " was expected for " + std::to_string(head.classes) + " classes and " + std::to_string(head.extra) +
          " further values per row.",
      "Check the class names, post_processing.fused and the model file.");
}

SegmentationOutputs find_segmentation_outputs(const runtime::Session& session) {
  const std::span<const runtime::TensorSpec> outputs = session.outputs();
  const auto has_ranks = [&](std::size_t rows, std::size_t prototypes) {
    return outputs[rows].shape.rank() == 3 && outputs[prototypes].shape.rank() == 4;
  };
  if (outputs.size() != 2 || !(has_ranks(0, 1) || has_ranks(1, 0))) {
    throw CorruptedModelPackageError(
        "A segmentation network has two outputs, rows of rank 3 and prototypes of rank 4; this one has not.",
        kWrongNetwork);
  }
  SegmentationOutputs found;
  if (!has_ranks(0, 1)) std::swap(found.instances, found.prototypes);
  const std::int64_t channels = outputs[found.prototypes].shape[1];
  if (channels == 0) throw CorruptedModelPackageError("The network's prototypes have no channels.", kWrongNetwork);
  if (channels > 0) found.channels = static_cast<std::size_t>(channels);
  return found;
}

std::size_t key_point_slots(std::span<const Skeleton> skeletons, std::size_t classes) {
  if (skeletons.size() != classes) {
    throw CorruptedModelPackageError("keypoints_metadata.json describes " + std::to_string(skeletons.size()) +
                                         " classes, class_names.txt names " + std::to_string(classes) + ".",
                                     "Both must list the same classes.");
  }
  std::size_t slots = 0;
  for (const Skeleton& skeleton : skeletons) slots = std::max(slots, skeleton.key_point_names.size());
  if (slots == 0) throw CorruptedModelPackageError("keypoints_metadata.json names no key points.");
  return slots;
}

}  // namespace inference_exp::models
