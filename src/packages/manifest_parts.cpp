#include "packages/manifest_parts.hpp"

#include <limits>

namespace inference_exp::packages {

namespace {

double parse_confidence(const JsonReader& reader) { return reader.number(0, 1); }

}  // namespace

std::string parse_text(const JsonReader& reader) { return reader.text(); }

bool parse_boolean(const JsonReader& reader) { return reader.boolean(); }

std::int32_t parse_count(const JsonReader& reader) {
  return reader.integer(1, std::numeric_limits<std::int32_t>::max());
}

std::vector<std::string> parse_texts(const JsonReader& reader) {
  std::vector<std::string> texts;
  for (const JsonReader& element : reader.elements()) texts.push_back(element.text());
  return texts;
}

Features parse_features(const JsonReader& reader) {
  Features features;
  for (const auto& [name, value] : reader.members()) features.emplace(name, value.value().dump());
  return features;
}

Json features_json(const Features& features) {
  if (features.empty()) return {};
  Json result = Json::object();
  for (const auto& [name, value] : features) result[name] = parse_json(value, "The model feature " + name);
  return result;
}

RecommendedParameters parse_recommended(const JsonReader& reader, std::string_view per_class_key) {
  RecommendedParameters result;
  result.confidence = reader.optional("confidence", parse_confidence);
  if (const std::optional<JsonReader> per_class = reader.optional(per_class_key)) {
    for (const auto& [name, value] : per_class->members()) {
      result.per_class_confidence.emplace(name, parse_confidence(value));
    }
  }
  return result;
}

Json recommended_json(const std::optional<RecommendedParameters>& recommended, std::string_view per_class_key) {
  if (!recommended) return {};
  Json result = Json::object();
  result["confidence"] = json_or_null(recommended->confidence);
  Json& per_class = result[std::string(per_class_key)];
  if (!recommended->per_class_confidence.empty()) per_class = recommended->per_class_confidence;
  return result;
}

}  // namespace inference_exp::packages
