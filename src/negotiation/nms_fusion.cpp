#include "negotiation/nms_fusion.hpp"

#include <array>
#include <cmath>

#include "core/json.hpp"
#include "inference_exp/errors.hpp"
#include "negotiation/filters.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp::negotiation {

namespace {

constexpr std::string_view kFeature = "nms_fused";
constexpr std::string_view kOption = "nms_fusion_preferences";

/// What the package says of its suppression; absent values are unset.
struct FusedNms {
  std::optional<double> max_detections;
  std::optional<double> confidence_threshold;
  std::optional<double> iou_threshold;
  std::optional<bool> class_agnostic;
};

/// One of the numbers: its name, and where it stands on both sides.
struct NumberField {
  std::string_view name;
  std::optional<NumberRange> NmsFusionPreferences::*preferred;
  std::optional<double> FusedNms::*value;
};

constexpr std::array<NumberField, 3> kNumbers{
    {{"max_detections", &NmsFusionPreferences::max_detections, &FusedNms::max_detections},
     {"confidence_threshold", &NmsFusionPreferences::confidence_threshold, &FusedNms::confidence_threshold},
     {"iou_threshold", &NmsFusionPreferences::iou_threshold, &FusedNms::iou_threshold}}};
constexpr std::string_view kClassAgnostic = "class_agnostic";

/// Nothing where the feature is not an object of numbers and a truth value.
std::optional<FusedNms> read(const std::string& json) {
  Json document;
  try {
    document = parse_json(json, kFeature);
  } catch (const Error&) {
    return std::nullopt;
  }
  if (!document.is_object()) return std::nullopt;
  FusedNms fused;
  for (const NumberField& field : kNumbers) {
    const auto found = document.find(field.name);
    if (found == document.end() || found->is_null()) continue;
    if (!found->is_number() || !std::isfinite(found->get<double>())) return std::nullopt;
    fused.*field.value = found->get<double>();
  }
  if (const auto found = document.find(kClassAgnostic); found != document.end() && !found->is_null()) {
    if (!found->is_boolean()) return std::nullopt;
    fused.class_agnostic = found->get<bool>();
  }
  return fused;
}

Refusal not_stated(std::string_view name) {
  return {.reason = "The package does not say which " + std::string(name) + " its fused NMS has.", .option = kOption};
}

Refusal not_preferred(std::string_view name, std::string needed, std::string available) {
  return {.reason = "The " + std::string(name) + " of the package's fused NMS is not as preferred.",
          .needed = std::move(needed),
          .available = std::move(available),
          .option = kOption};
}

Verdict check_number(std::string_view name, const std::optional<NumberRange>& preferred, std::optional<double> value) {
  if (!preferred) return std::nullopt;
  if (!value) return not_stated(name);
  if (preferred->low <= *value && *value <= preferred->high) return std::nullopt;
  const std::string low = number_text(preferred->low);
  const std::string high = number_text(preferred->high);
  return not_preferred(name, low == high ? low : low + " to " + high, number_text(*value));
}

std::string truth_text(bool value) { return value ? "true" : "false"; }

Verdict check_class_agnostic(std::optional<bool> preferred, std::optional<bool> value) {
  if (!preferred) return std::nullopt;
  if (!value) return not_stated(kClassAgnostic);
  if (*value == *preferred) return std::nullopt;
  return not_preferred(kClassAgnostic, truth_text(*preferred), truth_text(*value));
}

double closeness(const NumberRange& preferred, double value) {
  const double width = preferred.high - preferred.low;
  if (width <= 0) return 1;
  return 1 - std::abs(value - (preferred.low + width / 2)) / width;
}

}  // namespace

Verdict check_nms_fusion(const PackageMetadata& package, const Context& context) {
  const auto feature = package.features.find(kFeature);
  if (feature == package.features.end()) return std::nullopt;
  const std::optional<NmsFusionPreferences>& preferences = context.options.nms_fusion_preferences;
  if (!preferences) {
    return Refusal{.reason = "The network does non-maximum suppression itself (fused NMS), which was not asked for.",
                   .option = read(feature->second) ? kOption : std::string_view()};
  }
  const std::optional<FusedNms> fused = read(feature->second);
  if (!fused) return Refusal{.reason = "The package's description of its fused NMS is malformed."};
  for (const NumberField& field : kNumbers) {
    if (Verdict verdict = check_number(field.name, *preferences.*field.preferred, *fused.*field.value)) return verdict;
  }
  return check_class_agnostic(preferences->class_agnostic, fused->class_agnostic);
}

double nms_fusion_closeness(const PackageMetadata& package, const LoadOptions& options) {
  const auto feature = package.features.find(kFeature);
  if (feature == package.features.end() || !options.nms_fusion_preferences) return 0;
  const std::optional<FusedNms> fused = read(feature->second);
  if (!fused) return 0;
  const NmsFusionPreferences& preferences = *options.nms_fusion_preferences;
  double sum = preferences.class_agnostic && preferences.class_agnostic == fused->class_agnostic ? 1 : 0;
  for (const NumberField& field : kNumbers) {
    const std::optional<NumberRange>& preferred = preferences.*field.preferred;
    const std::optional<double> value = *fused.*field.value;
    if (preferred && value) sum += closeness(*preferred, *value);
  }
  return sum;
}

}  // namespace inference_exp::negotiation
