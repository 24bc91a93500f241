// Model ids: what is known of them, what of them lies in the cache, and who may use what.
//
// Contract: data comes back as plain values; nothing is printed. All functions may be called from any thread, and by
// any number of processes that share a cache. Errors are those of errors.hpp; network, lock and access errors end a
// call, they are never mistaken for "this package can't run here".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp/export.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model_metadata.hpp"
#include "inference_exp/negotiation.hpp"

namespace inference_exp {

/// Rules about who may load what, and a record of what a load writes (loading.md, section 1.5). The default allows
/// everything and records nothing. Called by whichever thread loads, also from several at once; the key is the API key
/// of the request, empty for none.
class INFERENCE_EXP_API AccessManager {
 public:
  struct Package {
    std::string_view model_id;
    std::string_view package_id;
    std::string_view api_key;
  };

  AccessManager() = default;
  AccessManager(const AccessManager&) = delete;
  AccessManager& operator=(const AccessManager&) = delete;
  virtual ~AccessManager();

  /// Asked first of all; true ends the load with UnauthorizedModelAccessError.
  [[nodiscard]] virtual bool is_model_access_forbidden(std::string_view model_id, std::string_view api_key);
  /// Asked before a cached choice is repeated; false sends the load to the provider.
  [[nodiscard]] virtual bool is_package_access_granted(const Package& package);

  virtual void on_model_access_forbidden(std::string_view model_id, std::string_view api_key);
  virtual void on_package_access_granted(const Package& package);
  virtual void on_model_alias_discovered(std::string_view alias, std::string_view model_id);
  virtual void on_file_created(const std::filesystem::path& file, const Package& package);
  virtual void on_file_renamed(const std::filesystem::path& from, const std::filesystem::path& to,
                               const Package& package);
  virtual void on_file_deleted(const std::filesystem::path& file);
  virtual void on_link_created(const std::filesystem::path& target, const std::filesystem::path& link,
                               const Package& package);
  virtual void on_link_deleted(const std::filesystem::path& link);
  virtual void on_model_loaded(const Package& package);
};

/// Asks the provider. With `with_sizes` each file is also asked for its size (nothing is downloaded).
struct DescribedModel {
  ModelMetadata model;
  std::string requested_model;
  std::string weights_provider;
  /// Bytes by package id, where any size is known; packages with a file whose size is not are in `incomplete_sizes`.
  std::map<std::string, std::uint64_t, std::less<>> sizes;
  std::vector<std::string> incomplete_sizes;
  std::optional<std::string> license;  ///< of the weights, for a registered id
};
[[nodiscard]] INFERENCE_EXP_API DescribedModel describe_model(std::string_view model, const LoadOptions& options = {},
                                                              bool with_sizes = false);

/// Asks the provider and negotiates with this machine, downloading nothing. A model that has no package for this
/// machine is an answer with an empty `ranked`, not an error.
[[nodiscard]] INFERENCE_EXP_API Decision negotiate_model(std::string_view model, const LoadOptions& options = {});

/// The same for a machine described by the caller.
[[nodiscard]] INFERENCE_EXP_API Decision negotiate_model(std::string_view model, const LoadOptions& options,
                                                         const EnvironmentDescription& environment);

/// Downloads the package that from_pretrained would open, and records it for use without a network.
struct PulledModel {
  std::string model_id;
  std::string package_id;
  std::filesystem::path folder;
  std::uint64_t bytes = 0;  ///< of all files of the package
};
[[nodiscard]] INFERENCE_EXP_API PulledModel pull_model(std::string_view model, const LoadOptions& options = {});

/// An id that this library knows of, with the licence of its weights.
struct RegisteredModel {
  std::string id;
  std::string architecture;
  std::string task;
  std::string license;  ///< SPDX, or a name where there is none
  bool open = false;    ///< no API key needed
};
[[nodiscard]] INFERENCE_EXP_API std::vector<RegisteredModel> registered_models();

/// One package folder of the cache.
struct CachedPackage {
  std::string model_id;
  std::string package_id;
  std::filesystem::path folder;
  std::string architecture;
  std::string task;
  std::string backend;
  std::string license;
  std::uint64_t bytes = 0;
  bool complete = false;  ///< has its manifest and all files of it
};
[[nodiscard]] INFERENCE_EXP_API std::vector<CachedPackage> list_cache(const std::filesystem::path& cache_home = {});

/// The state of one file or one package after looking at its bytes.
enum class CacheStatus : std::uint8_t { ok, incomplete, missing, malformed, hash_mismatch, unreadable };
[[nodiscard]] INFERENCE_EXP_API std::string_view cache_status_name(CacheStatus status) noexcept;
struct VerifiedFile {
  std::string handle;
  CacheStatus status = CacheStatus::ok;
};
struct VerifiedPackage {
  std::string model_id;
  std::string package_id;
  CacheStatus status = CacheStatus::ok;
  std::vector<VerifiedFile> files;
};
/// Reads every file of every cached package (of `model` only, where one is named) and compares hashes.
[[nodiscard]] INFERENCE_EXP_API std::vector<VerifiedPackage> verify_cache(std::string_view model = {},
                                                                          const std::filesystem::path& cache_home = {});

/// What a clean-up removed: broken links, files that no package uses, what interrupted downloads left, and stale cached
/// choices. With `model`, that model's packages too. Anything a running load holds a lock on stays.
struct PrunedCache {
  std::uint64_t bytes = 0;
  std::vector<std::filesystem::path> removed;
};
INFERENCE_EXP_API PrunedCache prune_cache(std::string_view model = {}, const std::filesystem::path& cache_home = {},
                                          bool dry_run = false);

/// A model that was recorded for use without a network (loading.md, section 5.8).
struct OfflineModel {
  std::string model_id;
  std::vector<std::string> aliases;
  std::string architecture;
  std::string task;
  std::string recorded_at;  ///< UTC, ISO 8601
  std::vector<VerifiedPackage> packages;
};
[[nodiscard]] INFERENCE_EXP_API std::vector<OfflineModel> list_offline_models(
    const std::filesystem::path& cache_home = {});
/// ModelRetrievalError for a model that is not recorded. Without `check_hashes` only looks whether the files are there.
[[nodiscard]] INFERENCE_EXP_API OfflineModel verify_offline_model(std::string_view model, bool check_hashes = false,
                                                                  const std::filesystem::path& cache_home = {});

}  // namespace inference_exp
