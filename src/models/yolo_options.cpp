#include "models/yolo_options.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "core/log.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::models {
namespace {

/// Numbers as text without trailing zeros.
std::string number(double value) {
  std::string text = std::to_string(value);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

bool is_in_unit_range(double value) { return value >= 0 && value <= 1; }

[[noreturn]] void throw_out_of_unit_range(double value, std::string_view option) {
  throw InvalidParameterError("The option " + std::string(option) + " is " + number(value) + ".",
                              "It must be a number from 0 to 1.");
}

double in_unit_range(double value, std::string_view option) {
  if (!is_in_unit_range(value)) throw_out_of_unit_range(value, option);
  return value;
}

float mask_threshold(const InferenceOptions& options) {
  if (!options.mask_threshold) return options.mask_smoothing ? 0.5F : 0.F;
  if (options.mask_smoothing) return static_cast<float>(in_unit_range(*options.mask_threshold, "mask_threshold"));
  if (!std::isfinite(*options.mask_threshold)) {
    throw InvalidParameterError("The option mask_threshold is not a finite number.",
                                "Without smoothing it is compared with logits, such as 0.");
  }
  return static_cast<float>(*options.mask_threshold);
}

void resolve_class_thresholds(const InferenceOptions& options, float others, std::span<const std::string> class_names,
                              std::vector<float>& thresholds) {
  thresholds.clear();
  if (options.per_class_confidence.empty()) return;
  thresholds.assign(class_names.size(), others);
  for (const auto& [name, value] : options.per_class_confidence) {
    if (!is_in_unit_range(value)) throw_out_of_unit_range(value, "per_class_confidence[\"" + name + "\"]");
    const auto threshold = static_cast<float>(value);
    bool known = false;
    for (std::size_t i = 0; i < class_names.size(); ++i) {
      if (class_names[i] != name) continue;
      thresholds[i] = threshold;
      known = true;
    }
    if (!known) {
      throw InvalidParameterError(
          "The option per_class_confidence names the class \"" + name + "\", which the model does not have.",
          "Model::class_names() lists the classes.");
    }
  }
}

constexpr std::int32_t kLargestSide = 65535;

std::int32_t next_multiple(std::int32_t side, std::int32_t step) {
  if (step < 1) return side;
  const std::int64_t rounded = (std::int64_t{side} + step - 1) / step * step;
  return static_cast<std::int32_t>(std::min<std::int64_t>(rounded, kLargestSide));
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

Size resolve_input_size(Size requested, const packages::NetworkInput& input, bool network_is_dynamic) {
  if (std::min(requested.width, requested.height) < 1 || std::max(requested.width, requested.height) > kLargestSide) {
    throw InvalidParameterError(
        "The option image_size is " + std::to_string(requested.width) + " x " + std::to_string(requested.height) + ".",
        "Each side must be from 1 to 65535.");
  }
  if (requested == input.training_input_size) return requested;
  if (!network_is_dynamic || !input.dynamic_spatial_size_supported || !input.dynamic_spatial_size_mode) {
    log_warning("The option image_size is ignored: this model's input size is fixed at " +
                std::to_string(input.training_input_size.width) + " x " +
                std::to_string(input.training_input_size.height) + ".");
    return input.training_input_size;
  }
  if (const auto* pad = std::get_if<packages::PadToBeDivisible>(&*input.dynamic_spatial_size_mode)) {
    return {next_multiple(requested.width, pad->value), next_multiple(requested.height, pad->value)};
  }
  return requested;
}

}  // namespace inference_exp::models
