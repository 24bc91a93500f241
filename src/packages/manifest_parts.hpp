// Parts that a provider's answer and a written model_config.json have in common.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "inference_exp/model_metadata.hpp"
#include "packages/json_reader.hpp"

namespace inference_exp::packages {

using Features = std::map<std::string, std::string, std::less<>>;

[[nodiscard]] std::string parse_text(const JsonReader& reader);
[[nodiscard]] bool parse_boolean(const JsonReader& reader);
/// A whole number of at least 1.
[[nodiscard]] std::int32_t parse_count(const JsonReader& reader);
[[nodiscard]] std::vector<std::string> parse_texts(const JsonReader& reader);

[[nodiscard]] Features parse_features(const JsonReader& reader);
/// null where there are none. Throws CorruptedModelPackageError for a value that is not JSON.
[[nodiscard]] Json features_json(const Features& features);

/// How documents that this library writes call the thresholds by class name.
inline constexpr std::string_view kPerClassConfidence = "per_class_confidence";
/// `per_class_key` is how the document calls them.
[[nodiscard]] RecommendedParameters parse_recommended(const JsonReader& reader, std::string_view per_class_key);
[[nodiscard]] Json recommended_json(const std::optional<RecommendedParameters>& recommended,
                                    std::string_view per_class_key);

/// The value, or null where there is none.
template <typename T>
[[nodiscard]] Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace inference_exp::packages
