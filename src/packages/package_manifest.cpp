#include "packages/package_manifest.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "core/json.hpp"
#include "core/text.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_parts.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

namespace {

using Storage = PackageArtifact::Storage;

constexpr auto kStorages =
    std::to_array<Word<Storage>>({{"shared_blob", Storage::shared_blob}, {"package_file", Storage::package_file}});
constexpr auto kQuantizations = std::to_array<Word<Quantization>>({{"fp32", Quantization::fp32},
                                                                   {"fp16", Quantization::fp16},
                                                                   {"bf16", Quantization::bf16},
                                                                   {"int8", Quantization::int8},
                                                                   {"unknown", Quantization::unknown}});

Storage parse_storage(const JsonReader& reader) { return reader.one_of(std::span<const Word<Storage>>(kStorages)); }

Quantization parse_quantization_word(const JsonReader& reader) {
  return reader.one_of(std::span<const Word<Quantization>>(kQuantizations));
}

PackageArtifact parse_artifact(const JsonReader& reader) {
  PackageArtifact artifact;
  artifact.file_handle = reader.required("file_handle").text();
  artifact.md5_hash = reader.optional("md5_hash", parse_text);
  artifact.unhashed = reader.optional("unhashed", parse_boolean).value_or(false);
  artifact.sha256_hash = reader.optional("sha256_hash", parse_text);
  artifact.source_hash = reader.optional("source_hash", parse_text);
  artifact.storage = reader.optional("storage", parse_storage).value_or(Storage::shared_blob);
  return artifact;
}

ModelDependency parse_dependency(const JsonReader& reader) {
  return {.name = reader.required("name").text(),
          .model_id = reader.required("model_id").text(),
          .package_id = reader.optional("model_package_id", parse_text)};
}

template <typename Element>
std::vector<Element> parse_list(const JsonReader& root, std::string_view key,
                                Element (*parse_element)(const JsonReader&)) {
  std::vector<Element> result;
  if (const std::optional<JsonReader> list = root.optional(key)) {
    for (const JsonReader& element : list->elements()) result.push_back(parse_element(element));
  }
  return result;
}

std::map<std::string, std::string, std::less<>> parse_paths(const JsonReader& reader) {
  std::map<std::string, std::string, std::less<>> paths;
  for (const auto& [name, path] : reader.members()) paths.emplace(name, path.text());
  return paths;
}

Json artifact_json(const PackageArtifact& artifact) {
  Json result = Json::object();
  result["file_handle"] = artifact.file_handle;
  result["md5_hash"] = json_or_null(artifact.md5_hash);
  result["unhashed"] = artifact.unhashed;
  result["sha256_hash"] = json_or_null(artifact.sha256_hash);
  result["source_hash"] = json_or_null(artifact.source_hash);
  result["storage"] = artifact.storage == Storage::shared_blob ? "shared_blob" : "package_file";
  return result;
}

Json artifacts_json(const std::vector<PackageArtifact>& artifacts) {
  std::vector<std::pair<std::string, const PackageArtifact*>> sorted;
  sorted.reserve(artifacts.size());
  for (const PackageArtifact& artifact : artifacts) sorted.emplace_back(lower_case(artifact.file_handle), &artifact);
  std::sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
    return std::tie(left.first, left.second->file_handle) < std::tie(right.first, right.second->file_handle);
  });
  Json result = Json::array();
  for (const auto& [handle, artifact] : sorted) result.push_back(artifact_json(*artifact));
  return result;
}

Json dependencies_json(const std::vector<ModelDependency>& dependencies) {
  Json result = Json::array();
  for (const ModelDependency& dependency : dependencies) {
    Json& entry = result.emplace_back(Json::object());
    entry["name"] = dependency.name;
    entry["model_id"] = dependency.model_id;
    entry["model_package_id"] = json_or_null(dependency.package_id);
  }
  return result;
}

Json quantization_json(const std::optional<Quantization>& quantization) {
  return quantization ? Json(std::string(quantization_name(*quantization))) : Json();
}

}  // namespace

PackageManifest parse_package_manifest(std::string_view text, std::string_view file) {
  const ModelConfig config = parse_model_config(text, file);  // one rule for the keys that every reader knows
  const Json document = parse_json(text, file);
  const JsonReader root(document, file);
  PackageManifest manifest;
  manifest.offline_manifest_version = root.optional("offline_manifest_version", parse_count);
  manifest.model_id = config.model_id;
  manifest.canonical_model_id = root.optional("canonical_model_id", parse_text);
  manifest.model_architecture = config.model_architecture;
  manifest.task_type = config.task_type;
  manifest.backend_type = config.backend_type;
  manifest.model_features = root.optional("model_features", parse_features).value_or(Features());
  manifest.trusted_source = root.optional("trusted_source", parse_boolean);
  manifest.model_dependencies = parse_list(root, "model_dependencies", parse_dependency);
  manifest.recommended_parameters = root.optional("recommended_parameters", [](const JsonReader& reader) {
    return parse_recommended(reader, kPerClassConfidence);
  });
  manifest.quantization = root.optional("quantization", parse_quantization_word);
  manifest.dynamic_batch_size_supported = root.optional("dynamic_batch_size_supported", parse_boolean);
  manifest.static_batch_size = root.optional("static_batch_size", parse_count);
  manifest.package_artifacts = parse_list(root, "package_artifacts", parse_artifact);
  manifest.dependency_package_paths = root.optional("dependency_package_paths", parse_paths).value_or(Features());
  manifest.license = root.optional("license", parse_text);
  return manifest;
}

std::string to_json_text(const PackageManifest& manifest) {
  Json document = Json::object();
  document["offline_manifest_version"] = json_or_null(manifest.offline_manifest_version);
  document["model_id"] = json_or_null(manifest.model_id);
  document["canonical_model_id"] = json_or_null(manifest.canonical_model_id);
  document["model_architecture"] = json_or_null(manifest.model_architecture);
  document["task_type"] = json_or_null(manifest.task_type);
  document["backend_type"] = json_or_null(manifest.backend_type);
  document["model_features"] = features_json(manifest.model_features);
  document["trusted_source"] = json_or_null(manifest.trusted_source);
  document["model_dependencies"] = dependencies_json(manifest.model_dependencies);
  document["recommended_parameters"] = recommended_json(manifest.recommended_parameters, kPerClassConfidence);
  document["quantization"] = quantization_json(manifest.quantization);
  document["dynamic_batch_size_supported"] = json_or_null(manifest.dynamic_batch_size_supported);
  document["static_batch_size"] = json_or_null(manifest.static_batch_size);
  document["package_artifacts"] = artifacts_json(manifest.package_artifacts);
  document["dependency_package_paths"] = manifest.dependency_package_paths;
  if (manifest.license) document["license"] = *manifest.license;
  // Text from elsewhere may not be UTF-8; a file that can be read again matters more than those characters.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

bool operator==(const PackageManifest& left, const PackageManifest& right) {
  return to_json_text(left) == to_json_text(right);
}

PackageManifest manifest_of(const ModelMetadata& model, const PackageMetadata& package,
                            std::vector<PackageArtifact> artifacts) {
  PackageManifest manifest;
  manifest.offline_manifest_version = kOfflineManifestVersion;
  manifest.model_id = model.model_id;
  manifest.canonical_model_id = model.model_id;
  manifest.model_architecture = model.architecture;
  if (!model.task.empty()) manifest.task_type = model.task;
  manifest.backend_type = package.backend;
  manifest.model_features = package.features;
  manifest.trusted_source = package.trusted;
  manifest.model_dependencies = model.dependencies;
  manifest.recommended_parameters = package.recommended ? package.recommended : model.recommended;
  manifest.quantization = package.quantization;
  manifest.dynamic_batch_size_supported = package.batch.dynamic;
  manifest.static_batch_size = package.batch.static_size;
  manifest.package_artifacts = std::move(artifacts);
  return manifest;
}

}  // namespace inference_exp::packages
