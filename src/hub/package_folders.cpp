#include "hub/package_folders.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/json.hpp"
#include "core/log.hpp"
#include "hub/atomic_file.hpp"
#include "hub/identifiers.hpp"
#include "hub/local_packages.hpp"
#include "hub/materialize.hpp"
#include "hub/offline_registry.hpp"
#include "inference_exp/errors.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_parts.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;
using packages::JsonReader;

namespace {

void read_manifest(PackageFolder& view) {
  const std::optional<packages::PackageManifest> manifest = read_package_manifest(view.folder);
  if (!manifest) return;
  view.model_id = manifest->model_id.value_or("");
  view.architecture = manifest->model_architecture.value_or("");
  view.task = manifest->task_type.value_or("");
  view.backend = manifest->backend_type.value_or("");
  view.license = manifest->license.value_or("");
  std::vector<PackageFile> handles;
  for (const packages::PackageArtifact& artifact : manifest->package_artifacts) {
    handles.push_back({artifact.file_handle, {}, artifact.md5_hash});
    view.files.push_back({artifact.file_handle, artifact.md5_hash, artifact.sha256_hash, {}});
  }
  check_package_files(view.package_id, handles);
  view.manifest = CacheStatus::ok;
}

/// A package that was compiled on this machine (loading.md, section 5.9).
void read_local_trt_manifest(PackageFolder& view) {
  const fs::path file = view.folder / kLocalPackageManifest;
  const std::optional<std::string> text = read_small_file(file);
  if (!text) return;
  const std::string name = file.string();
  const Json document = parse_json(*text, name);
  const JsonReader root(document, name);
  view.architecture = root.required("modelArchitecture").text();
  view.task = root.optional("taskType", packages::parse_text).value_or("");
  view.backend = "trt";
  std::vector<PackageFile> handles;
  for (const auto& [handle, md5] : root.required("files").members()) {
    handles.push_back({handle, {}, md5.text()});
    view.files.push_back({handle, md5.text(), {}, {}});
  }
  check_package_files(view.package_id, handles);
  view.manifest = CacheStatus::ok;
}

PackageFolder view_of(const fs::path& folder) {
  PackageFolder view;
  view.folder = folder;
  view.package_id = folder.filename().string();
  try {
    read_manifest(view);
    if (view.manifest != CacheStatus::ok && is_local_package_id(view.package_id)) read_local_trt_manifest(view);
  } catch (const Error& error) {
    log(LogLevel::debug, error.message());
    view.manifest = CacheStatus::malformed;
    view.files.clear();
  }
  return view;
}

bool is_package_id(const std::string& name) {
  try {
    check_package_id(name);
    return true;
  } catch (const InsecureModelIdentifierError&) {
    return false;
  }
}

/// Packages without a model id of their own get that of their neighbours: folders belong to one model.
void name_after_neighbours(std::vector<PackageFolder>& neighbours) {
  const auto named = std::ranges::find_if(neighbours, [](const PackageFolder& view) { return !view.model_id.empty(); });
  if (named == neighbours.end()) return;
  for (PackageFolder& view : neighbours) {
    if (view.model_id.empty()) view.model_id = named->model_id;
  }
}

std::vector<fs::path> model_folders(const CacheHome& home, std::string_view model) {
  std::vector<fs::path> folders;
  if (model.empty()) {
    for (const fs::path& folder : entries_of(home.models())) {
      if (folder.filename().string().starts_with("v2-")) folders.push_back(folder);
    }
  } else {
    for (const std::string& id : cached_ids_of(home, model)) folders.push_back(home.model_folder(id));
  }
  return folders;
}

}  // namespace

bool is_real_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(fs::symlink_status(path, error));
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    entries.push_back(entry->path());
  }
  std::ranges::sort(entries);
  return entries;
}

std::vector<fs::path> entries_below(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const fs::path& entry : entries_of(folder)) {
    entries.push_back(entry);
    if (!is_real_folder(entry)) continue;
    std::ranges::move(entries_below(entry), std::back_inserter(entries));
  }
  return entries;
}

std::uint64_t bytes_below(const fs::path& folder, bool through_links) {
  std::uint64_t bytes = 0;
  for (const fs::path& entry : entries_below(folder)) {
    std::error_code error;
    const fs::file_status status = through_links ? fs::status(entry, error) : fs::symlink_status(entry, error);
    if (!fs::is_regular_file(status)) continue;
    if (!through_links && fs::hard_link_count(entry, error) > 1) continue;
    const std::uintmax_t size = fs::file_size(entry, error);
    if (!error) bytes += size;
  }
  return bytes;
}

std::vector<std::string> cached_ids_of(const CacheHome& home, std::string_view model) {
  std::vector<std::string> ids{std::string(model)};
  const std::optional<OfflineRecord> record = find_offline_record(home, model);
  if (record && record->model.model_id != model) ids.push_back(record->model.model_id);
  return ids;
}

std::vector<PackageFolder> package_folders(const CacheHome& home, std::string_view model) {
  std::vector<PackageFolder> all;
  for (const fs::path& model_folder : model_folders(home, model)) {
    if (!is_real_folder(model_folder)) continue;
    std::vector<PackageFolder> neighbours;
    for (const fs::path& folder : entries_of(model_folder)) {
      if (is_real_folder(folder) && is_package_id(folder.filename().string())) neighbours.push_back(view_of(folder));
    }
    name_after_neighbours(neighbours);
    std::ranges::move(neighbours, std::back_inserter(all));
  }
  std::ranges::sort(all, [](const PackageFolder& left, const PackageFolder& right) {
    return std::tie(left.model_id, left.package_id, left.folder) <
           std::tie(right.model_id, right.package_id, right.folder);
  });
  return all;
}

}  // namespace inference_exp::hub
