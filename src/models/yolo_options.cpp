#include "models/yolo_options.hpp"

#include <cmath>

#include "inference_exp/errors.hpp"
#include "models/option_checks.hpp"

namespace inference_exp::models {
namespace {

float mask_threshold(const InferenceOptions& options) {
  if (!options.mask_threshold) return options.mask_smoothing ? 0.5F : 0.F;
  if (options.mask_smoothing) return static_cast<float>(in_unit_range(*options.mask_threshold, "mask_threshold"));
  if (!std::isfinite(*options.mask_threshold)) {
    throw InvalidParameterError("The option mask_threshold is not a finite number.",
                                "Without smoothing it is compared with logits, such as 0.");
  }
  return static_cast<float>(*options.mask_threshold);
}

}  // namespace

YoloDefaults yolo_defaults(std::string_view architecture) {
  YoloDefaults defaults;
  if (architecture == "yolo26") {
    defaults.confidence = 0.25;
    defaults.key_points_threshold = 0.3;
  }
  return defaults;
}

YoloSettings resolve_options(const InferenceOptions& options, const YoloDefaults& defaults,
                             std::span<const std::string> class_names, std::vector<float>& class_thresholds) {
  YoloSettings settings;
  settings.confidence =
      static_cast<float>(in_unit_range(options.confidence.value_or(defaults.confidence), "confidence"));
  settings.nms.iou_threshold = in_unit_range(options.iou_threshold.value_or(defaults.iou_threshold), "iou_threshold");
  const std::int32_t max_detections = options.max_detections.value_or(defaults.max_detections);
  if (max_detections < 1) {
    throw InvalidParameterError("The option max_detections is " + std::to_string(max_detections) + ".",
                                "It must be at least 1.");
  }
  settings.nms.max_detections = static_cast<std::size_t>(max_detections);
  settings.nms.class_agnostic = options.class_agnostic_nms;
  settings.mask_format = options.mask_format;
  settings.mask_smoothing = options.mask_smoothing;
  settings.mask_threshold = mask_threshold(options);
  settings.key_points_threshold = static_cast<float>(
      in_unit_range(options.key_points_threshold.value_or(defaults.key_points_threshold), "key_points_threshold"));
  resolve_class_thresholds(options, settings.confidence, class_names, class_thresholds);
  return settings;
}

}  // namespace inference_exp::models
