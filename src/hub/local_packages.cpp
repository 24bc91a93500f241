#include "hub/local_packages.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/log.hpp"
#include "hub/atomic_file.hpp"
#include "hub/disk.hpp"
#include "hub/hashing.hpp"
#include "hub/identifiers.hpp"
#include "hub/local_package_file.hpp"
#include "hub/package_folders.hpp"
#include "hub/resolution_key.hpp"
#include "inference_exp/errors.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_parts.hpp"
#include "packages/model_metadata.hpp"
#include "packages/package_manifest.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;
using packages::JsonReader;

namespace {

constexpr std::string_view kLocalKind = "trt-model-package-v1";
constexpr std::size_t kLocalDigestBytes = 6;

struct AllowedFile {
  std::string_view handle;
  bool required;
};
constexpr std::array<AllowedFile, 5> kAllowedFiles{{{"inference_config.json", true},
                                                    {"class_names.txt", true},
                                                    {"trt_config.json", true},
                                                    {"engine.plan", true},
                                                    {"keypoints_metadata.json", false}}};

// --- one folder -----------------------------------------------------------------------------------------------------

/// What the cache itself may put beside a package's files.
bool is_own_file(const std::string& name) {
  return name == kLocalPackageManifest || name == packages::kPackageManifestFile || name.starts_with('.');
}

void check_handles(const std::vector<PackageFile>& files) {
  for (const PackageFile& file : files) {
    const bool allowed = std::ranges::find(kAllowedFiles, file.handle, &AllowedFile::handle) != kAllowedFiles.end();
    if (allowed) continue;
    refuse_local_package("its manifest names the file " + packages::in_quotes(file.handle) +
                         ", which it may not have.");
  }
  for (const AllowedFile& wanted : kAllowedFiles) {
    if (!wanted.required || std::ranges::find(files, wanted.handle, &PackageFile::handle) != files.end()) continue;
    refuse_local_package("its manifest does not name " + std::string(wanted.handle) + '.');
  }
}

void check_contents(const fs::path& folder, const std::vector<PackageFile>& files, LocalCheck check) {
  for (const fs::path& entry : entries_of(folder)) {
    const std::string name = entry.filename().string();
    if (is_own_file(name) || std::ranges::find(files, name, &PackageFile::handle) != files.end()) continue;
    refuse_local_package("it has the file " + packages::in_quotes(name) + ", which its manifest does not name.");
  }
  for (const PackageFile& file : files) {
    if (check == LocalCheck::manifest) {
      check_local_package_file(folder / file.handle);
    } else if (md5_of_local_package_file(folder / file.handle) != *file.md5) {
      refuse_local_package(file.handle + " does not have the MD5 that its manifest names.");
    }
  }
}

Json read_document(const fs::path& folder) {
  const fs::path file = folder / kLocalPackageManifest;
  const std::optional<std::string> text = read_small_file(file);
  if (!text) refuse_local_package(std::string(kLocalPackageManifest) + " is missing.");
  return parse_json(*text, kLocalPackageManifest);
}

/// The entry that a weights provider would announce it with: one parser reads both.
Json announced_entry(const Json& document, const std::string& package_id) {
  const JsonReader root(document, kLocalPackageManifest);
  Json entry = {{"type", "external-model-package-v1"}, {"packageId", package_id}, {"trustedSource", false}};
  entry["packageManifest"] = root.required("packageManifest").object();
  for (const char* key : {"modelFeatures", "recommendedParameters"}) {
    if (const auto found = document.find(key); found != document.end()) entry[key] = *found;
  }
  Json& files = entry["packageFiles"] = Json::array();
  for (const auto& [handle, md5] : root.required("files").members()) {
    files.push_back({{"fileHandle", handle}, {"downloadUrl", ""}, {"md5Hash", md5.text()}});
  }
  return entry;
}

void check_kind(const Json& document, const ModelMetadata& model) {
  const JsonReader root(document, kLocalPackageManifest);
  const std::string architecture = root.required("modelArchitecture").text();
  const std::string task = root.optional("taskType", packages::parse_text).value_or("");
  if (architecture != model.architecture || task != model.task) {
    refuse_local_package("it was compiled for " + packages::in_quotes(architecture) + ", " + packages::in_quotes(task) +
                         '.');
  }
}

LocalPackage read_local_package(const fs::path& folder, const ModelMetadata& model, LocalCheck check) {
  if (!is_real_folder(folder)) refuse_local_package("it is not a folder.");
  const std::string id = folder.filename().string();
  check_package_id(id);
  LocalPackage package{.metadata = {}, .folder = folder, .document = read_document(folder)};
  check_kind(package.document, model);
  package.metadata = packages::parse_package_entry(announced_entry(package.document, id), kLocalPackageManifest);
  if (package.metadata.backend != "trt") refuse_local_package("its manifest is not that of a TensorRT package.");
  check_package_files(id, package.metadata.files);
  check_handles(package.metadata.files);
  check_contents(folder, package.metadata.files, check);
  return package;
}

void pass_over(SkippedPackage skipped, std::vector<SkippedPackage>& list) {
  log_warning("The package \"" + skipped.id + "\" is skipped: " + skipped.reason);
  list.push_back(std::move(skipped));
}

void refuse_announced(ModelMetadata& model) {
  std::vector<PackageMetadata> kept;
  for (PackageMetadata& package : model.packages) {
    if (!is_local_package_id(package.id)) {
      kept.push_back(std::move(package));
      continue;
    }
    pass_over({.id = package.id,
               .kind = std::string(kLocalKind),
               .reason = "The provider announces it under an id of packages that are compiled on this machine."},
              model.skipped);
  }
  model.packages = std::move(kept);
}

}  // namespace

bool is_local_package_id(std::string_view package_id) noexcept { return package_id.starts_with(kLocalPackagePrefix); }

std::string local_package_id(const Json& package_manifest) {
  return std::string(kLocalPackagePrefix) + blake2s_hex(canonical_json(package_manifest), kLocalDigestBytes);
}

std::vector<std::string> local_package_ids(const CacheHome& home, std::string_view model_id) {
  std::vector<std::string> ids;
  for (const fs::path& entry : entries_of(home.model_folder(model_id))) {
    std::string name = entry.filename().string();
    if (is_local_package_id(name)) ids.push_back(std::move(name));
  }
  return ids;
}

std::vector<std::string> local_package_ids(const ModelMetadata& model) {
  std::vector<std::string> ids;
  for (const PackageMetadata& package : model.packages) {
    if (is_local_package_id(package.id)) ids.push_back(package.id);
  }
  for (const SkippedPackage& skipped : model.skipped) {
    if (is_local_package_id(skipped.id)) ids.push_back(skipped.id);
  }
  std::ranges::sort(ids);
  return ids;
}

LocalPackages find_local_packages(const CacheHome& home, const ModelMetadata& model, LocalCheck check) {
  LocalPackages found;
  const fs::path model_folder = home.model_folder(model.model_id);
  if (!is_real_folder(model_folder)) return found;
  for (const std::string& id : local_package_ids(home, model.model_id)) {
    try {
      found.packages.push_back(read_local_package(model_folder / id, model, check));
    } catch (const Error& error) {
      pass_over({.id = id, .kind = std::string(kLocalKind), .reason = "Compiled here: " + error.message()},
                found.skipped);
    }
  }
  return found;
}

bool is_sound_local_package(const CacheHome& home, const ModelMetadata& model, std::string_view package_id) {
  try {
    const fs::path folder = home.package_folder(model.model_id, package_id);
    if (!is_real_folder(folder.parent_path())) return false;
    (void)read_local_package(folder, model, LocalCheck::hashes);
    return true;
  } catch (const Error& error) {
    log_warning("The package \"" + std::string(package_id) + "\" is not used: " + error.message());
    return false;
  }
}

void join_local_packages(const CacheHome& home, ModelMetadata& model, LocalCheck check) {
  refuse_announced(model);
  LocalPackages found = find_local_packages(home, model, check);
  for (LocalPackage& package : found.packages) model.packages.push_back(std::move(package.metadata));
  std::ranges::move(found.skipped, std::back_inserter(model.skipped));
}

ModelMetadata without_local_packages(ModelMetadata model) {
  std::erase_if(model.packages, [](const PackageMetadata& package) { return is_local_package_id(package.id); });
  return model;
}

MaterializedPackage local_package_files(const CacheHome& home, const ModelMetadata& model,
                                        const PackageMetadata& package) {
  MaterializedPackage result;
  result.folder = home.package_folder(model.model_id, package.id);
  check_contents(result.folder, package.files, LocalCheck::hashes);
  for (const PackageFile& file : package.files) {
    const fs::path path = result.folder / file.handle;
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    if (!error) result.bytes += size;
    result.files.push_back({file.handle, file.md5, path, path, {}});
  }
  return result;
}

}  // namespace inference_exp::hub
