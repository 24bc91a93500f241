#include "hub/cache_layout.hpp"

#include <string>
#include <system_error>

#include "hub/identifiers.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPlaceHint =
    "Check that the folder may be written to and that the disk has room, or choose another with INFERENCE_HOME.";

[[noreturn]] void throw_cannot_make(const fs::path& folder, const std::string& reason) {
  throw ModelCacheError("The cache folder " + folder.string() + " cannot be made: " + reason + ".", kPlaceHint);
}

}  // namespace

CacheHome::CacheHome(const fs::path& root) {
  if (root.empty()) {
    throw ModelCacheError("There is no folder for the model cache: none was named, and the user has no home folder.",
                          "Name one with INFERENCE_HOME or HubOptions::cache_home.");
  }
  std::error_code error;
  root_ = fs::absolute(root, error).lexically_normal();
  if (error) throw_cannot_make(root, error.message());
}

fs::path CacheHome::blob(std::string_view md5) const { return blobs() / md5; }

fs::path CacheHome::blob_sha256(std::string_view md5) const { return blobs() / ("." + std::string(md5) + ".sha256"); }

fs::path CacheHome::model_folder(std::string_view model_id) const { return models() / model_folder_name(model_id); }

fs::path CacheHome::package_folder(std::string_view model_id, std::string_view package_id) const {
  check_package_id(package_id);
  return model_folder(model_id) / package_id;
}

fs::path CacheHome::materialization_lock(std::string_view model_id, std::string_view package_id) const {
  return materialization_lock_of(package_folder(model_id, package_id));
}

fs::path CacheHome::resolution_entry(std::string_view key) const {
  return resolution_entries() / (std::string(key) + ".json");
}

fs::path CacheHome::offline_record(std::string_view model_id) const {
  return offline_records() / (model_folder_name(model_id) + ".json");
}

fs::path materialization_lock_of(const fs::path& package_folder) {
  return package_folder.parent_path() / ("." + package_folder.filename().string() + ".materialization.lock");
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_cannot_make(folder, error.message());
}

void make_folder_inside(const fs::path& base, const fs::path& relative) {
  fs::path folder = base;
  for (const fs::path& part : relative) {
    folder /= part;
    std::error_code error;
    fs::create_directory(folder, error);
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(folder, ignored);
    if (fs::is_directory(status)) continue;
    if (fs::is_symlink(status)) {
      throw ModelCacheError("The cache folder " + folder.string() + " is a symbolic link, which is not followed.",
                            "Remove the link. To keep the cache elsewhere, set INFERENCE_HOME.");
    }
    throw_cannot_make(folder, error ? error.message() : "a file is in its place");
  }
}

}  // namespace inference_exp::hub
