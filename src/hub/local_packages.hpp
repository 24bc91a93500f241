// TensorRT packages that were compiled on this machine (loading.md, section 5.9): what they are called, finding them in
// the cache, and joining them to what a weights provider announces.
//
// Contract: they are never trusted, so that they are chosen only where the caller allows untrusted packages. A folder
// that is not exactly what its manifest says is passed over, with the reason. MD5s are compared where a package may be
// chosen, and before it is opened; a file that has not changed since is read once per process: an engine is large, and
// a load asks for its packages often.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "hub/cache_layout.hpp"
#include "hub/materialize.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp::hub {

/// How the ids of such packages start. The lock of a package of just this name is held while one is compiled.
inline constexpr std::string_view kLocalPackagePrefix = "localtrt";
/// The manifest of such a package: "packageManifest", "files" (MD5 by handle), "modelArchitecture", "taskType", and
/// what this library adds to it.
inline constexpr std::string_view kLocalPackageManifest = "local_trt_package_manifest.json";

[[nodiscard]] bool is_local_package_id(std::string_view package_id) noexcept;
/// The id that belongs to a "packageManifest": "localtrt" and 12 hex digits of it.
[[nodiscard]] std::string local_package_id(const Json& package_manifest);

struct LocalPackage {
  PackageMetadata metadata;  ///< untrusted; its files have no addresses
  std::filesystem::path folder;
  Json document;  ///< the whole manifest
};

struct LocalPackages {
  std::vector<LocalPackage> packages;
  std::vector<SkippedPackage> skipped;
};

/// How closely a look at packages looks.
enum class LocalCheck : std::uint8_t {
  manifest,  ///< the manifest, and that there are the files that it names and no others; quick
  hashes     ///< also what is in the files
};

/// Those of one model, by id. Packages of another architecture or task are passed over.
[[nodiscard]] LocalPackages find_local_packages(const CacheHome& home, const ModelMetadata& model, LocalCheck check);
/// Whether one of them is there, with its hashes; a warning in the log says why not. Reads no other package.
[[nodiscard]] bool is_sound_local_package(const CacheHome& home, const ModelMetadata& model,
                                          std::string_view package_id);

/// Appends them to what the provider announced, and passes over what a provider announces under such an id: only this
/// machine gives them.
void join_local_packages(const CacheHome& home, ModelMetadata& model, LocalCheck check);
/// `model` without them, as the provider announced it.
[[nodiscard]] ModelMetadata without_local_packages(ModelMetadata model);

/// The folders that a look at the cache of `model_id` finds, sound or not.
[[nodiscard]] std::vector<std::string> local_package_ids(const CacheHome& home, std::string_view model_id);
/// The same, as they were when `model` was joined with them.
[[nodiscard]] std::vector<std::string> local_package_ids(const ModelMetadata& model);

/// The files of a package of join_local_packages, where they lie. Throws CorruptedModelPackageError when the folder is
/// not what its manifest says any more.
[[nodiscard]] MaterializedPackage local_package_files(const CacheHome& home, const ModelMetadata& model,
                                                      const PackageMetadata& package);

}  // namespace inference_exp::hub
