// Remembers which package was chosen for a request, so that the next load asks nobody (loading.md, sections 5.5, 5.6).
//
// Contract: safe for any number of threads and processes. An entry that is too old, damaged or unreadable is a miss and
// is removed; a cache that can't be written to costs the next load a question, never this one its success. The API key
// is part of what is hashed and is written nowhere.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/cache_layout.hpp"
#include "hub/resolution_key.hpp"
#include "hub/utc_time.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/load_options.hpp"

namespace inference_exp::hub {

struct ResolutionEntry {
  std::string model_id;  ///< as it was asked for
  std::string canonical_model_id;
  std::string cache_model_id;  ///< whose cache folder has the package
  std::string package_id;
  std::vector<std::filesystem::path> resolved_files;
  std::string architecture;
  std::string task;
  std::string backend;
  std::map<std::string, std::string, std::less<>> features;  ///< name to its value as JSON text
  std::optional<RecommendedParameters> recommended;
  bool trusted = false;
  std::string credential_hash;
  std::chrono::sys_seconds created_at{};
  /// Ids of the packages compiled on this machine that were there: with another one the choice is made anew.
  std::vector<std::string> local_packages{};
};

class ResolutionCache {
 public:
  ResolutionCache(CacheHome home, std::chrono::minutes expiry, WallClock clock = std::chrono::system_clock::now);

  [[nodiscard]] std::optional<ResolutionEntry> retrieve(std::string_view key, AccessManager& access) const;
  /// Sets `created_at`.
  void store(std::string_view key, ResolutionEntry entry, std::string_view api_key, AccessManager& access) const;
  void invalidate(std::string_view key, AccessManager& access) const;

 private:
  CacheHome home_;
  std::chrono::minutes expiry_;
  WallClock clock_;
};

/// Removes all choices of packages of one model, whoever asked for them and under whichever name. For a change in the
/// model's folder that its ids do not show.
void forget_choices(const CacheHome& home, std::string_view cache_model_id, AccessManager& access);

/// The package folder to load from, when the entry may be used for this request: it was made for it, access is granted,
/// all files are there, the folder's manifest speaks of the same model, and no package was compiled since. Otherwise
/// nothing, with the reason logged.
[[nodiscard]] std::optional<std::filesystem::path> usable_folder(const CacheHome& home, const ResolutionEntry& entry,
                                                                 std::string_view model_id, const LoadOptions& options,
                                                                 std::string_view api_key, AccessManager& access);

/// The entry in a file of the resolution cache that is still good: it can be read, is not older than `expiry` at `now`,
/// and its files are there.
[[nodiscard]] std::optional<ResolutionEntry> read_live_entry(const std::filesystem::path& file,
                                                             std::chrono::minutes expiry,
                                                             std::chrono::system_clock::time_point now);

}  // namespace inference_exp::hub
