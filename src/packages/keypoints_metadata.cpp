#include <algorithm>
#include <limits>

#include "core/json.hpp"
#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "packages/json_reader.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

namespace {

constexpr std::int32_t kMaxIndex = std::numeric_limits<std::int32_t>::max();

/// The names of an object {"0": name, "1": name, ...}, ordered by their keys as numbers.
std::vector<std::string> parse_key_point_names(const JsonReader& key_points) {
  std::vector<std::pair<std::int32_t, std::string>> numbered;
  for (const auto& [key, name] : key_points.members()) {
    const std::optional<std::int32_t> number = parse_decimal(key);
    if (!number) name.fail("under a key that is the number of the key point");
    numbered.emplace_back(*number, name.text());
  }
  std::sort(numbered.begin(), numbered.end());
  const auto same_number = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(numbered.begin(), numbered.end(), same_number) != numbered.end()) {
    key_points.fail("an object without two keys of the same number");
  }
  std::vector<std::string> names;
  names.reserve(numbered.size());
  for (auto& [number, name] : numbered) names.push_back(std::move(name));
  return names;
}

std::vector<std::pair<std::int32_t, std::int32_t>> parse_edges(const JsonReader& list, std::size_t key_points) {
  const auto index = [&](const JsonReader& reader) {
    const std::int32_t value = reader.integer(0, kMaxIndex);
    if (static_cast<std::size_t>(value) >= key_points) {
      reader.fail("the number of one of the " + std::to_string(key_points) + " key points of this class");
    }
    return value;
  };
  std::vector<std::pair<std::int32_t, std::int32_t>> edges;
  for (const JsonReader& edge : list.elements()) {
    edges.emplace_back(index(edge.required("from")), index(edge.required("to")));
  }
  return edges;
}

Skeleton parse_skeleton(const JsonReader& entry, SkeletonEdges edges) {
  (void)entry.optional("object_class", [](const JsonReader& name) { return name.text(); });  // only checked
  Skeleton skeleton{.key_point_names = parse_key_point_names(entry.required("keypoints")), .edges = {}};
  const std::optional<JsonReader> list =
      edges == SkeletonEdges::required ? entry.required("edges") : entry.optional("edges");
  if (list) skeleton.edges = parse_edges(*list, skeleton.key_point_names.size());
  return skeleton;
}

}  // namespace

std::vector<Skeleton> parse_keypoints_metadata(std::string_view text, std::string_view file, SkeletonEdges edges) {
  const Json document = parse_json(text, file);
  const JsonReader root(document, file);
  const std::vector<JsonReader> entries = root.elements();
  if (entries.empty()) root.fail("an array of at least one class");
  const auto last_id = static_cast<std::int32_t>(entries.size() - 1);

  std::vector<std::optional<Skeleton>> by_class(entries.size());
  for (const JsonReader& entry : entries) {
    const JsonReader id = entry.required("object_class_id");
    std::optional<Skeleton>& skeleton = by_class[static_cast<std::size_t>(id.integer(0, last_id))];
    if (skeleton) id.fail("different for every class");
    skeleton = parse_skeleton(entry, edges);
  }
  std::vector<Skeleton> skeletons;
  skeletons.reserve(by_class.size());
  for (std::optional<Skeleton>& skeleton : by_class) skeletons.push_back(*std::move(skeleton));
  return skeletons;
}

}  // namespace inference_exp::packages
