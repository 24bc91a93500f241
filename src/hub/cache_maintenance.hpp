// What lies in the cache, whether it is sound, and what of it can go.
//
// Contract: `list_cache` and `verify_cache` change nothing and take no locks. `prune_cache` removes nothing that a load
// under way needs: it holds the lock of every package meanwhile, and where one is taken, that package and all blobs
// stay.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "hub/cache_layout.hpp"
#include "inference_exp/hub.hpp"

namespace inference_exp::hub {

/// Every package folder, by model and package id. A folder whose load never finished has no model id, and is not
/// complete; locally compiled packages ("localtrt...") are listed by their own manifest.
[[nodiscard]] std::vector<CachedPackage> list_cache(const CacheHome& home);

/// Reads every file of every package (of `model` only, unless empty; an alias that is recorded for offline use will
/// do). A package is `incomplete` where a file is missing or damaged or there is no manifest, `missing` where there are
/// no files, `malformed` where its manifest can't be read.
[[nodiscard]] std::vector<VerifiedPackage> verify_cache(const CacheHome& home, std::string_view model);

struct PruneSettings {
  std::string model{};                           ///< whose packages go too; empty: of none
  std::chrono::minutes resolution_expiry{1440};  ///< of cached choices
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  std::chrono::milliseconds lock_timeout{20000};
  bool dry_run = false;
};

/// Throws FileLockTimeoutError when another clean-up goes on, ModelCacheError for what can't be removed.
PrunedCache prune_cache(const CacheHome& home, const PruneSettings& settings);

}  // namespace inference_exp::hub
