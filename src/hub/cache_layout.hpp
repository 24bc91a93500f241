// Where things lie in the cache (loading.md, section 5.1).
//
// Contract: a value; making one touches no disk. Paths are absolute. Ids are checked before they become a part of a
// path. What one user's processes write is made with that user's umask, so that sharing a cache is a matter of folder
// permissions.
#pragma once

#include <filesystem>
#include <string_view>

namespace inference_exp::hub {

class CacheHome {
 public:
  /// Throws ModelCacheError when `root` is empty: no folder was named and the user has no home.
  explicit CacheHome(const std::filesystem::path& root);

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }

  [[nodiscard]] std::filesystem::path blobs() const { return root_ / "shared-blobs"; }
  /// `md5` must have been checked.
  [[nodiscard]] std::filesystem::path blob(std::string_view md5) const;
  /// Says which SHA-256 a blob had when it was downloaded.
  [[nodiscard]] std::filesystem::path blob_sha256(std::string_view md5) const;

  [[nodiscard]] std::filesystem::path models() const { return root_ / "models-cache"; }
  [[nodiscard]] std::filesystem::path model_folder(std::string_view model_id) const;
  /// Throws InsecureModelIdentifierError.
  [[nodiscard]] std::filesystem::path package_folder(std::string_view model_id, std::string_view package_id) const;
  /// Held while a package's files are put in place.
  [[nodiscard]] std::filesystem::path materialization_lock(std::string_view model_id,
                                                           std::string_view package_id) const;
  /// Held while the cache is cleaned up, and while a materialization lock's file is made: a clean-up sees all locks.
  [[nodiscard]] std::filesystem::path prune_lock() const { return models() / ".prune.lock"; }

  [[nodiscard]] std::filesystem::path resolution_entries() const { return root_ / "auto-resolution-cache"; }
  /// `key` is 64 hex digits.
  [[nodiscard]] std::filesystem::path resolution_entry(std::string_view key) const;

  [[nodiscard]] std::filesystem::path offline_records() const { return root_ / "offline-weights-registry"; }
  [[nodiscard]] std::filesystem::path offline_record(std::string_view model_id) const;

 private:
  std::filesystem::path root_;
};

/// The lock of a package folder that is given as a path.
[[nodiscard]] std::filesystem::path materialization_lock_of(const std::filesystem::path& package_folder);

/// Makes a folder and those above it. Throws ModelCacheError, with the reason and what to do.
void make_folder(const std::filesystem::path& folder);
/// Makes `base / relative`, part by part, where every part below `base` must be a real folder: a link planted there
/// would lead writes out of the cache. Throws ModelCacheError.
void make_folder_inside(const std::filesystem::path& base, const std::filesystem::path& relative);

}  // namespace inference_exp::hub
