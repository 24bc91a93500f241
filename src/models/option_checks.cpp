#include "models/option_checks.hpp"

#include <algorithm>
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

std::int32_t next_multiple(std::int32_t side, std::int32_t step) {
  if (step < 1) return side;
  const std::int64_t rounded = (std::int64_t{side} + step - 1) / step * step;
  return static_cast<std::int32_t>(std::min<std::int64_t>(rounded, kMaxImageSide));
}

}  // namespace

double in_unit_range(double value, std::string_view option) {
  if (!is_in_unit_range(value)) throw_out_of_unit_range(value, option);
  return value;
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

Size resolve_input_size(Size requested, const packages::NetworkInput& input, bool network_is_dynamic) {
  if (std::min(requested.width, requested.height) < 1 || std::max(requested.width, requested.height) > kMaxImageSide) {
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

bool has_dynamic_size(const Shape& input) noexcept { return input[2] < 0 && input[3] < 0; }

}  // namespace inference_exp::models
