// What the options of every family with classes have in common: ranges, thresholds per class, the network's size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.hpp"
#include "inference_exp/model.hpp"
#include "packages/inference_config.hpp"

namespace inference_exp::models {

/// `value`, when it is from 0 to 1. Throws InvalidParameterError naming `option` otherwise.
[[nodiscard]] double in_unit_range(double value, std::string_view option);

/// One threshold per class when the call has per-class ones, else none; classes that are not named get `others`. Throws
/// InvalidParameterError for a class that does not exist and for a value outside 0...1.
void resolve_class_thresholds(const InferenceOptions& options, float others, std::span<const std::string> class_names,
                              std::vector<float>& thresholds);

/// The network size for a call that asks for `requested` (models.md, section 2.6). A network of fixed size keeps its
/// own, with a warning. Throws InvalidParameterError for a size below 1 or beyond 65,535.
[[nodiscard]] Size resolve_input_size(Size requested, const packages::NetworkInput& input, bool network_is_dynamic);

/// Whether the first input, of rank 4, leaves height and width open.
[[nodiscard]] bool has_dynamic_size(const Shape& input) noexcept;

}  // namespace inference_exp::models
