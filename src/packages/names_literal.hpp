// The list of class names that exporters write into a model file's metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::packages {

/// Reads {0: 'person', 1: "dog's"}, {"0": "person"}, ['person'] or ["person"]: what Python's repr and JSON make of
/// names by id or in order. Ids must cover 0...n-1. Nothing when the text is anything else; it is never evaluated.
[[nodiscard]] std::optional<std::vector<std::string>> parse_names_literal(std::string_view text);

}  // namespace inference_exp::packages
