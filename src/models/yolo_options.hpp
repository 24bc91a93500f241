// InferenceOptions, checked and completed with the family's defaults.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/model.hpp"
#include "models/yolo_head.hpp"

namespace inference_exp::models {

/// What a call uses where its options are silent (models.md, section 1.4).
struct YoloDefaults {
  double confidence = 0.4;
  double iou_threshold = 0.3;
  std::int32_t max_detections = 300;
  double key_points_threshold = 0.0;
};
[[nodiscard]] YoloDefaults yolo_defaults(std::string_view architecture);

/// One call's settings.
struct YoloSettings {
  float confidence = 0;
  vision::NmsOptions nms;
  MaskFormat mask_format = MaskFormat::dense;
  bool mask_smoothing = true;
  float mask_threshold = 0;
  float key_points_threshold = 0;
};

/// Throws InvalidParameterError naming the option that is out of range. `class_thresholds` receives one threshold per
/// class when the call has per-class ones, else it is emptied.
[[nodiscard]] YoloSettings resolve_options(const InferenceOptions& options, const YoloDefaults& defaults,
                                           std::span<const std::string> class_names,
                                           std::vector<float>& class_thresholds);

}  // namespace inference_exp::models
