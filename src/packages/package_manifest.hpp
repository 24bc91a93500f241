// model_config.json as the loader writes it beside a package's files (loading.md, section 3.7): everything that is
// needed to load the package again without asking the weights provider. Older readers find the keys they know.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/model_metadata.hpp"

namespace inference_exp::packages {

inline constexpr std::string_view kPackageManifestFile = "model_config.json";
inline constexpr std::int32_t kOfflineManifestVersion = 4;

/// One file of the package as it was stored.
struct PackageArtifact {
  enum class Storage : std::uint8_t { shared_blob, package_file };
  std::string file_handle{};
  std::optional<std::string> md5_hash{};  ///< as the provider announced it
  bool unhashed = false;                  ///< the provider announced none
  std::optional<std::string> sha256_hash{};
  std::optional<std::string> source_hash{};
  Storage storage = Storage::shared_blob;
  friend bool operator==(const PackageArtifact&, const PackageArtifact&) = default;
};

/// Every key is optional in the file; what is absent or null is unset or empty here. Keys that this library does not
/// know are ignored.
struct PackageManifest {
  std::optional<std::int32_t> offline_manifest_version{};
  std::optional<std::string> model_id{};            ///< whose cache folder it is
  std::optional<std::string> canonical_model_id{};  ///< as the provider calls the model
  std::optional<std::string> model_architecture{};
  std::optional<std::string> task_type{};
  std::optional<std::string> backend_type{};                         ///< one that parse_model_config knows
  std::map<std::string, std::string, std::less<>> model_features{};  ///< name to its value as JSON text
  std::optional<bool> trusted_source{};
  std::vector<ModelDependency> model_dependencies{};
  std::optional<RecommendedParameters> recommended_parameters{};
  std::optional<Quantization> quantization{};
  std::optional<bool> dynamic_batch_size_supported{};
  std::optional<std::int32_t> static_batch_size{};
  std::vector<PackageArtifact> package_artifacts{};
  std::map<std::string, std::string, std::less<>> dependency_package_paths{};  ///< by the dependency's name
  std::optional<std::string> license{};                                        ///< not a key of the original

  /// Whether both give the same file.
  friend bool operator==(const PackageManifest& left, const PackageManifest& right);
};

/// Throws CorruptedModelPackageError naming file, key and what was expected.
[[nodiscard]] PackageManifest parse_package_manifest(std::string_view text, std::string_view file);

/// The file's text: always the same for equal manifests, artefacts by handle without regard to case, '\n' at the end.
/// Throws CorruptedModelPackageError for a feature that is not JSON.
[[nodiscard]] std::string to_json_text(const PackageManifest& manifest);

/// What there is to say of a package of `model`, owned by the cache folder of the model itself. Dependencies' folders
/// and the licence are for the caller to add.
[[nodiscard]] PackageManifest manifest_of(const ModelMetadata& model, const PackageMetadata& package,
                                          std::vector<PackageArtifact> artifacts);

}  // namespace inference_exp::packages
