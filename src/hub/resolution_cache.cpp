#include "hub/resolution_cache.hpp"

#include <algorithm>
#include <utility>

#include "core/json.hpp"
#include "core/log.hpp"
#include "hub/atomic_file.hpp"
#include "hub/local_packages.hpp"
#include "hub/materialize.hpp"
#include "hub/package_folders.hpp"
#include "inference_exp/errors.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_parts.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;
using packages::JsonReader;

namespace {

constexpr int kAttributionVersion = 2;

// --- the entry ------------------------------------------------------------------------------------------------------

std::string entry_text(const ResolutionEntry& entry) {
  Json document = {{"model_id", entry.model_id},
                   {"canonical_model_id", entry.canonical_model_id},
                   {"cache_model_id", entry.cache_model_id},
                   {"cache_attribution_version", kAttributionVersion},
                   {"model_package_id", entry.package_id},
                   {"model_architecture", entry.architecture},
                   {"backend_type", entry.backend},
                   {"trusted_source", entry.trusted},
                   {"credential_hash", entry.credential_hash},
                   {"created_at", format_time(entry.created_at)}};
  if (!entry.task.empty()) document["task_type"] = entry.task;
  if (!entry.features.empty()) document["model_features"] = packages::features_json(entry.features);
  if (entry.recommended) {
    document["recommended_parameters"] = packages::recommended_json(entry.recommended, packages::kPerClassConfidence);
  }
  Json& files = document["resolved_files"] = Json::array();
  for (const fs::path& file : entry.resolved_files) files.push_back(file.string());
  if (!entry.local_packages.empty()) document["local_packages"] = entry.local_packages;
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::chrono::sys_seconds read_time(const JsonReader& reader) {
  const std::optional<std::chrono::sys_seconds> time = parse_time(reader.text());
  if (!time) reader.fail("a time such as \"2026-01-31T23:59:59Z\"");
  return *time;
}

ResolutionEntry parse_entry(const std::string& text, const fs::path& file) {
  const std::string name = file.string();
  const Json document = parse_json(text, name);
  const JsonReader root(document, name);
  (void)root.required("cache_attribution_version").integer(kAttributionVersion, kAttributionVersion);
  ResolutionEntry entry;
  entry.model_id = root.required("model_id").text();
  entry.canonical_model_id = root.required("canonical_model_id").text();
  entry.cache_model_id = root.required("cache_model_id").text();
  entry.package_id = root.required("model_package_id").text();
  entry.architecture = root.required("model_architecture").text();
  entry.task = root.optional("task_type", packages::parse_text).value_or("");
  entry.backend = root.required("backend_type").text();
  entry.features = root.optional("model_features", packages::parse_features).value_or(packages::Features());
  entry.recommended = root.optional("recommended_parameters", [](const JsonReader& reader) {
    return packages::parse_recommended(reader, packages::kPerClassConfidence);
  });
  // Nobody vouches for what was compiled here, whatever a file in the cache says.
  entry.trusted = root.required("trusted_source").boolean() && !is_local_package_id(entry.package_id);
  entry.credential_hash = root.required("credential_hash").text();
  entry.created_at = read_time(root.required("created_at"));
  for (const std::string& path : packages::parse_texts(root.required("resolved_files"))) {
    entry.resolved_files.emplace_back(path);
  }
  entry.local_packages = root.optional("local_packages", packages::parse_texts).value_or(std::vector<std::string>());
  return entry;
}

/// A clock that was set wrong when the entry was written must not make it live for ever.
bool is_expired(const ResolutionEntry& entry, std::chrono::minutes expiry, std::chrono::system_clock::time_point now) {
  const auto age = now - entry.created_at;
  return age > expiry || -age > expiry;
}

bool files_exist(const ResolutionEntry& entry) {
  return std::ranges::all_of(entry.resolved_files, [](const fs::path& file) {
    std::error_code error;
    return fs::exists(file, error);
  });
}

// --- its use --------------------------------------------------------------------------------------------------------

bool is_owned_by(const fs::path& folder, const std::string& model_id) {
  try {
    const std::optional<packages::PackageManifest> manifest = read_package_manifest(folder);
    return manifest && manifest->model_id == model_id;
  } catch (const Error& error) {
    log(LogLevel::debug, error.message());
    return false;
  }
}

/// Why the entry can't be used; empty when it can.
std::string_view objection_to(const ResolutionEntry& entry, const fs::path& folder, std::string_view model_id,
                              const LoadOptions& options, std::string_view api_key, AccessManager& access) {
  if (entry.model_id != model_id) return "it was made for another model";
  if (entry.credential_hash != credential_hash_of(api_key)) return "it was made with another API key";
  if (!entry.trusted && !options.allow_untrusted_packages) return "its package is untrusted";
  if (!access.is_package_access_granted({model_id, entry.package_id, api_key})) return "access is not granted";
  if (!files_exist(entry)) return "some of its files are gone";
  if (!is_owned_by(folder, entry.cache_model_id)) return "its folder does not say that it belongs to the model";
  return {};
}

}  // namespace

ResolutionCache::ResolutionCache(CacheHome home, std::chrono::minutes expiry, WallClock clock)
    : home_(std::move(home)), expiry_(expiry), clock_(std::move(clock)) {}

std::optional<ResolutionEntry> ResolutionCache::retrieve(std::string_view key, AccessManager& access) const {
  const fs::path file = home_.resolution_entry(key);
  try {
    const std::optional<std::string> text = read_small_file(file);
    if (!text) return std::nullopt;
    ResolutionEntry entry = parse_entry(*text, file);
    if (!is_expired(entry, expiry_, clock_())) return entry;
    log(LogLevel::debug, "A cached choice is too old and is made anew.");
  } catch (const Error& error) {
    log_warning("A cached choice of a package cannot be read and is made anew: " + error.message());
  }
  invalidate(key, access);
  return std::nullopt;
}

void ResolutionCache::store(std::string_view key, ResolutionEntry entry, std::string_view api_key,
                            AccessManager& access) const {
  const fs::path file = home_.resolution_entry(key);
  entry.created_at = std::chrono::floor<std::chrono::seconds>(clock_());
  try {
    make_folder(home_.resolution_entries());
    write_file_atomically(file, entry_text(entry));
  } catch (const ModelCacheError& error) {
    log_warning("The choice of a package is not remembered: " + error.message());
    return;
  }
  access.on_file_created(file, {entry.model_id, entry.package_id, api_key});
}

void ResolutionCache::invalidate(std::string_view key, AccessManager& access) const {
  const fs::path file = home_.resolution_entry(key);
  try {
    if (remove_file(file)) access.on_file_deleted(file);
  } catch (const ModelCacheError& error) {
    log_warning("A stale cached choice stays: " + error.message());
  }
}

void forget_choices(const CacheHome& home, std::string_view cache_model_id, AccessManager& access) {
  constexpr std::chrono::years kAnyAge{100};
  const auto now = std::chrono::system_clock::now();
  for (const fs::path& file : entries_of(home.resolution_entries())) {
    const std::string name = file.filename().string();
    if (name.starts_with('.') || !name.ends_with(".json")) continue;
    const std::optional<ResolutionEntry> entry =
        read_live_entry(file, std::chrono::duration_cast<std::chrono::minutes>(kAnyAge), now);
    if (!entry || entry->cache_model_id != cache_model_id) continue;
    try {
      if (remove_file(file)) access.on_file_deleted(file);
    } catch (const ModelCacheError& error) {
      log_warning("A stale cached choice stays: " + error.message());
    }
  }
}

std::optional<fs::path> usable_folder(const CacheHome& home, const ResolutionEntry& entry, std::string_view model_id,
                                      const LoadOptions& options, std::string_view api_key, AccessManager& access) {
  try {
    fs::path folder = home.package_folder(entry.cache_model_id, entry.package_id);
    std::string_view objection = objection_to(entry, folder, model_id, options, api_key, access);
    if (objection.empty() && entry.local_packages != local_package_ids(home, entry.cache_model_id)) {
      objection = "packages were compiled or removed since";
    }
    if (objection.empty()) return folder;
    log(LogLevel::debug, "A cached choice is not used: " + std::string(objection) + ".");
  } catch (const InsecureModelIdentifierError& error) {
    log_warning("A cached choice is not used: " + error.message());
  }
  return std::nullopt;
}

std::optional<ResolutionEntry> read_live_entry(const fs::path& file, std::chrono::minutes expiry,
                                               std::chrono::system_clock::time_point now) {
  try {
    const std::optional<std::string> text = read_small_file(file);
    if (!text) return std::nullopt;
    ResolutionEntry entry = parse_entry(*text, file);
    if (!is_expired(entry, expiry, now) && files_exist(entry)) return entry;
  } catch (const Error& error) {
    log(LogLevel::debug, error.message());
  }
  return std::nullopt;
}

}  // namespace inference_exp::hub
