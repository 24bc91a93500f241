// From an announced package to a folder of the cache that holds it (loading.md, sections 5.1, 5.3, 5.4 and 3.7).
//
// Contract: `materialize` puts the files in place; `finish_package` writes model_config.json, after the model was built
// from them: a folder with that file is known to work. Both may be called by any number of threads and processes at
// once. What is in place already costs no lock, no network and no hashing. The cache folder of a package is that of the
// model's canonical id, so that aliases share it. Errors of lock, network and disk come out as they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/function_ref.hpp"
#include "hub/cache_layout.hpp"
#include "hub/downloader.hpp"
#include "hub/links.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/model_metadata.hpp"
#include "packages/package_manifest.hpp"

namespace inference_exp::hub {

/// download_files with its HTTP client bound, or a test's stand-in.
using DownloadFunction =
    FunctionRef<std::vector<DownloadedFile>(std::span<const DownloadTask> tasks, const DownloadSettings& settings)>;

struct MaterializeSettings {
  bool allow_unhashed = false;
  std::string api_key{};  ///< told to the access manager, and nobody else
  /// `lock_timeout` also bounds the wait for the package's own lock; the events are set here.
  DownloadSettings download{};
  LinkCalls links = system_link_calls();
};

struct MaterializedFile {
  std::string handle;
  std::optional<std::string> md5;  ///< unset: the provider announced none
  std::filesystem::path path;      ///< in the package folder
  std::filesystem::path blob;      ///< where the bytes lie; `path` for files without hash
  std::string sha256;              ///< of files fetched now; empty for others
};

struct MaterializedPackage {
  std::filesystem::path folder;
  std::vector<MaterializedFile> files;
  bool fetched = false;     ///< something was downloaded
  std::uint64_t bytes = 0;  ///< of all files

  /// Blobs, files without hash, links and model_config.json: what a cached choice depends on.
  [[nodiscard]] std::vector<std::filesystem::path> resolved_files() const;
};

/// Throws, before anything is written: InsecureModelIdentifierError, CorruptedModelPackageError, UntrustedFileError
/// (files without hash that are not allowed). Then ModelCacheError (also when the folder holds another package of the
/// same id), FileLockTimeoutError, and what the download throws.
[[nodiscard]] MaterializedPackage materialize(const CacheHome& home, const ModelMetadata& model,
                                              const PackageMetadata& package, const MaterializeSettings& settings,
                                              DownloadFunction download, AccessManager& access);

struct FinishSettings {
  std::string api_key{};
  std::optional<std::string> license{};  ///< of the weights, where it is known
  std::chrono::milliseconds lock_timeout{20000};
};

/// Writes the manifest unless it is there. Hashes kept from the download are repeated; a blob without one is hashed
/// once. Throws ModelCacheError for a manifest of something else, and CorruptedModelPackageError for a blob that is not
/// what its name says.
void finish_package(const CacheHome& home, const ModelMetadata& model, const PackageMetadata& package,
                    const MaterializedPackage& files, const FinishSettings& settings, AccessManager& access);

/// Whether the package can be materialized without a network. Throws for ids and files as `materialize` does.
[[nodiscard]] bool has_all_files(const CacheHome& home, std::string_view model_id, const PackageMetadata& package);

/// model_config.json of a package folder; nothing where there is none. CorruptedModelPackageError or ModelCacheError
/// for one that can't be used.
[[nodiscard]] std::optional<packages::PackageManifest> read_package_manifest(const std::filesystem::path& folder);

}  // namespace inference_exp::hub
