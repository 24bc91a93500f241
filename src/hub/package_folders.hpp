// The package folders of a cache and what each says of itself.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/cache_layout.hpp"
#include "hub/package_check.hpp"
#include "inference_exp/hub.hpp"

namespace inference_exp::hub {

/// A package folder together with the description in its manifest.
struct PackageFolder {
  std::filesystem::path folder;
  std::string package_id;
  /// ok: it has a manifest; incomplete: none; malformed: one that can't be read.
  CacheStatus manifest = CacheStatus::incomplete;
  std::string model_id;
  std::string architecture;
  std::string task;
  std::string backend;
  std::string license;
  std::vector<ExpectedFile> files;
};

/// Of all models, or of `model` alone unless it is empty. Links are not followed.
[[nodiscard]] std::vector<PackageFolder> package_folders(const CacheHome& home, std::string_view model = {});

/// The ids that `model` may have in the cache: itself, and what it is recorded as an alias of.
[[nodiscard]] std::vector<std::string> cached_ids_of(const CacheHome& home, std::string_view model);

/// Bytes of all files below a folder: with `through_links` also of the blobs that links lead to, otherwise what
/// removing the folder would free.
[[nodiscard]] std::uint64_t bytes_below(const std::filesystem::path& folder, bool through_links);

/// A folder itself, not a link to one.
[[nodiscard]] bool is_real_folder(const std::filesystem::path& path);

/// The names in a folder, sorted; none where it can't be read.
[[nodiscard]] std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);
/// All names below a folder, links and folders among them; links are not followed.
[[nodiscard]] std::vector<std::filesystem::path> entries_below(const std::filesystem::path& folder);

}  // namespace inference_exp::hub
