#include "hub/materialize.hpp"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "core/log.hpp"
#include "hub/atomic_file.hpp"
#include "hub/file_lock.hpp"
#include "hub/hashing.hpp"
#include "hub/identifiers.hpp"
#include "hub/part_file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;
using packages::PackageArtifact;
using packages::PackageManifest;

namespace {

fs::path manifest_file(const fs::path& folder) { return folder / packages::kPackageManifestFile; }

void check_package(const PackageMetadata& package, bool allow_unhashed) {
  check_package_id(package.id);
  check_package_files(package.id, package.files);
  const auto unhashed = std::ranges::find_if(package.files, [](const PackageFile& file) { return !file.md5; });
  if (unhashed != package.files.end() && !allow_unhashed) {
    throw UntrustedFileError("The package " + package.id + " has the file " + unhashed->handle +
                                 " without a hash, so that nobody can tell whether it arrives unchanged.",
                             "Set HubOptions::download_files_without_hash if you trust its source.");
  }
}

/// Whether `relative` and all folders above it, up to `base`, are folders and not links.
bool is_real_folder(const fs::path& base, const fs::path& relative) {
  fs::path folder = base;
  const auto is_folder = [](const fs::path& path) {
    std::error_code error;
    return fs::is_directory(fs::symlink_status(path, error));
  };
  if (!is_folder(folder)) return false;
  return std::ranges::all_of(relative, [&](const fs::path& part) { return is_folder(folder /= part); });
}

bool is_regular(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(fs::symlink_status(path, error));
}

bool is_in_place(const MaterializedFile& file) {
  return file.md5 ? leads_to_blob(file.path, file.blob) : is_regular(file.path);
}

std::vector<MaterializedFile> planned_files(const CacheHome& home, const fs::path& folder,
                                            const PackageMetadata& package) {
  std::vector<MaterializedFile> files;
  for (const PackageFile& file : package.files) {
    const fs::path path = folder / file.handle;
    files.push_back({file.handle, file.md5, path, file.md5 ? home.blob(*file.md5) : path, {}});
  }
  return files;
}

bool all_in_place(const CacheHome& home, const MaterializedPackage& result) {
  if (!is_real_folder(home.models() / result.folder.parent_path().filename(), result.folder.filename())) return false;
  return std::ranges::all_of(result.files, [&](const MaterializedFile& file) {
    return is_real_folder(result.folder, fs::path(file.handle).parent_path()) && is_in_place(file);
  });
}

std::uint64_t total_bytes(const MaterializedPackage& result) {
  std::uint64_t bytes = 0;
  for (const MaterializedFile& file : result.files) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file.path, error);
    if (!error) bytes += size;
  }
  return bytes;
}

// --- the manifest -------------------------------------------------------------------------------------------------

using FileIdentity = std::pair<std::string, std::optional<std::string>>;

std::set<FileIdentity> identities(const std::vector<PackageArtifact>& artifacts) {
  std::set<FileIdentity> result;
  for (const PackageArtifact& artifact : artifacts) result.emplace(artifact.file_handle, artifact.md5_hash);
  return result;
}

template <typename T>
bool differs(const std::optional<T>& present, const std::optional<T>& wanted) {
  return present && present != wanted;
}

/// Whether `present` speaks of another package than `wanted`. Recommendations and trust may change.
bool disagrees(const PackageManifest& present, const PackageManifest& wanted) {
  return differs(present.model_id, wanted.model_id) || differs(present.model_architecture, wanted.model_architecture) ||
         differs(present.task_type, wanted.task_type) || differs(present.backend_type, wanted.backend_type) ||
         (!present.package_artifacts.empty() &&
          identities(present.package_artifacts) != identities(wanted.package_artifacts));
}

std::vector<PackageArtifact> artifacts_of(const std::vector<MaterializedFile>& files) {
  std::vector<PackageArtifact> artifacts;
  for (const MaterializedFile& file : files) {
    PackageArtifact artifact;
    artifact.file_handle = file.handle;
    artifact.md5_hash = file.md5;
    artifact.unhashed = !file.md5;
    if (!file.sha256.empty()) artifact.sha256_hash = file.sha256;
    artifact.storage = file.md5 ? PackageArtifact::Storage::shared_blob : PackageArtifact::Storage::package_file;
    artifacts.push_back(std::move(artifact));
  }
  return artifacts;
}

/// The manifest that is there, where it can be read. A damaged one counts as none and is written anew.
std::optional<PackageManifest> present_manifest(const fs::path& folder) {
  try {
    return read_package_manifest(folder);
  } catch (const CorruptedModelPackageError& error) {
    log_warning("A damaged file of the model cache is made anew: " + error.message());
    return std::nullopt;
  }
}

void check_agreement(const fs::path& folder, const std::optional<PackageManifest>& present,
                     const PackageManifest& wanted) {
  if (!present || !disagrees(*present, wanted)) return;
  throw ModelCacheError("The cache folder " + folder.string() +
                            " holds another package than the one that the provider now describes under the same id.",
                        "Remove that folder; the package is then downloaded again.");
}

// --- hashes kept beside blobs -------------------------------------------------------------------------------------

void keep_sha256(const CacheHome& home, const MaterializedFile& file) {
  try {
    write_file_atomically(home.blob_sha256(*file.md5), file.sha256 + "\n");
  } catch (const ModelCacheError& error) {
    log(LogLevel::debug, error.message());  // costs one hashing later
  }
}

std::optional<std::string> kept_sha256(const CacheHome& home, const std::string& md5) {
  try {
    std::optional<std::string> text = read_small_file(home.blob_sha256(md5));
    if (text && text->ends_with('\n')) text->pop_back();
    if (text && is_hex_digest(*text, HashKind::sha256)) return text;
  } catch (const ModelCacheError& error) {
    log(LogLevel::debug, error.message());
  }
  return std::nullopt;
}

std::string hash_once(const MaterializedFile& file) {
  FileHashes hashes = hash_file(file.path);
  if (file.md5 && hashes.md5 != *file.md5) {
    throw CorruptedModelPackageError("The cached file " + file.path.string() + " has the MD5 " + hashes.md5 +
                                         " instead of the " + *file.md5 + " that was announced.",
                                     "Remove " + file.blob.string() + "; it is then downloaded again.");
  }
  return std::move(hashes.sha256);
}

void complete_hashes(const CacheHome& home, const std::optional<PackageManifest>& present, PackageManifest& wanted,
                     const std::vector<MaterializedFile>& files) {
  const auto known = [&](const PackageArtifact& artifact) {
    if (!present) return PackageArtifact();
    const auto found =
        std::ranges::find(present->package_artifacts, artifact.file_handle, &PackageArtifact::file_handle);
    return found == present->package_artifacts.end() ? PackageArtifact() : *found;
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    PackageArtifact& artifact = wanted.package_artifacts[i];
    PackageArtifact before = known(artifact);
    artifact.source_hash = std::move(before.source_hash);
    if (artifact.sha256_hash) continue;
    artifact.sha256_hash = std::move(before.sha256_hash);
    if (!artifact.sha256_hash && artifact.md5_hash) artifact.sha256_hash = kept_sha256(home, *artifact.md5_hash);
    if (!artifact.sha256_hash) artifact.sha256_hash = hash_once(files[i]);
  }
}

// --- putting files in place ---------------------------------------------------------------------------------------

/// A clean-up holds every materialization lock whose file it finds, and keeps new ones from being made meanwhile.
/// Whoever downloads the package is waited for while any of its files grows or appears.
FileLock lock_package(const CacheHome& home, const MaterializedPackage& package, std::chrono::milliseconds timeout) {
  const fs::path& folder = package.folder;
  const fs::path file = materialization_lock_of(folder);
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) {
    const FileLock gate(home.prune_lock(), timeout);
    (void)FileLock::try_acquire(file);
  }
  const auto sign_of_life = [&] {
    std::uint64_t sum = 0;  // may wrap around: only a change of it counts
    for (const MaterializedFile& each : package.files) {
      sum += fs::exists(each.blob, error) ? 1 : last_growth_of(each.blob);
    }
    return sum;
  };
  return lock_unless_stalled(file, timeout, sign_of_life);
}

class Materialization {
 public:
  Materialization(const CacheHome& home, const ModelMetadata& model, const PackageMetadata& package,
                  const MaterializeSettings& settings, AccessManager& access)
      : home_(home),
        package_(package),
        settings_(settings),
        access_(access),
        ids_{model.model_id, package.id, settings.api_key} {}

  void run(MaterializedPackage& result, DownloadFunction download) {
    make_folders(result);
    fetch(result, download);
    for (const MaterializedFile& file : result.files) {
      if (file.md5) link(file);
    }
    flush_folder(result.folder);
  }

 private:
  void make_folders(const MaterializedPackage& result) {
    make_folder(home_.blobs());
    for (const MaterializedFile& file : result.files) {
      make_folder_inside(result.folder, fs::path(file.handle).parent_path());
    }
  }

  /// Also removes what would make a file without hash land behind a link.
  void fetch(MaterializedPackage& result, DownloadFunction download) {
    std::vector<DownloadTask> tasks;
    std::vector<std::size_t> task_files;
    for (std::size_t i = 0; i < result.files.size(); ++i) {
      const MaterializedFile& file = result.files[i];
      if (!file.md5 && is_link(file.path) && remove_file(file.path)) access_.on_link_deleted(file.path);
      std::error_code error;
      const bool there = is_regular(file.path) || (file.md5 && fs::is_regular_file(file.blob, error));
      const bool asked = std::ranges::find(tasks, file.blob, &DownloadTask::target) != tasks.end();
      if (there || asked) continue;
      tasks.push_back({file.handle, package_.files[i].url, file.blob, file.md5});
      task_files.push_back(i);
    }
    if (tasks.empty()) return;
    const std::vector<DownloadedFile> downloaded = download(tasks, download_settings());
    for (std::size_t i = 0; i < std::min(downloaded.size(), tasks.size()); ++i) {
      if (!downloaded[i].fetched) continue;
      result.fetched = true;
      MaterializedFile& file = result.files[task_files[i]];
      file.sha256 = downloaded[i].sha256;
      if (file.md5 && !file.sha256.empty()) keep_sha256(home_, file);
    }
  }

  DownloadSettings download_settings() {
    DownloadSettings settings = settings_.download;
    settings.on_file_created = [this](const fs::path& file) { access_.on_file_created(file, ids_); };
    settings.on_file_renamed = [this](const fs::path& from, const fs::path& to) {
      access_.on_file_renamed(from, to, ids_);
    };
    return settings;
  }

  void link(const MaterializedFile& file) {
    const LinkOutcome outcome = link_blob(file.blob, file.path, settings_.links);
    if (outcome.replaced) access_.on_link_deleted(file.path);
    if (outcome.created) access_.on_link_created(file.blob, file.path, ids_);
  }

  const CacheHome& home_;
  const PackageMetadata& package_;
  const MaterializeSettings& settings_;
  AccessManager& access_;
  AccessManager::Package ids_;
};

}  // namespace

std::vector<fs::path> MaterializedPackage::resolved_files() const {
  std::set<fs::path> paths{manifest_file(folder)};
  for (const MaterializedFile& file : files) {
    paths.insert(file.path);
    // A package that was copied without its links has no blobs, and needs none.
    std::error_code error;
    if (fs::exists(file.blob, error)) paths.insert(file.blob);
  }
  return {paths.begin(), paths.end()};
}

std::optional<PackageManifest> read_package_manifest(const fs::path& folder) {
  const fs::path file = manifest_file(folder);
  const std::optional<std::string> text = read_small_file(file);
  if (!text) return std::nullopt;
  return packages::parse_package_manifest(*text, file.string());
}

bool has_all_files(const CacheHome& home, std::string_view model_id, const PackageMetadata& package) {
  check_package_files(package.id, package.files);
  const std::vector<MaterializedFile> files = planned_files(home, home.package_folder(model_id, package.id), package);
  return std::ranges::all_of(files, [](const MaterializedFile& file) {
    std::error_code error;
    return is_in_place(file) || (file.md5 && fs::is_regular_file(file.blob, error));
  });
}

MaterializedPackage materialize(const CacheHome& home, const ModelMetadata& model, const PackageMetadata& package,
                                const MaterializeSettings& settings, DownloadFunction download, AccessManager& access) {
  check_model_id(model.model_id);
  check_package(package, settings.allow_unhashed);
  MaterializedPackage result;
  result.folder = home.package_folder(model.model_id, package.id);
  result.files = planned_files(home, result.folder, package);
  check_agreement(result.folder, present_manifest(result.folder),
                  packages::manifest_of(model, package, artifacts_of(result.files)));
  if (!all_in_place(home, result)) {
    make_folder(home.models());
    make_folder_inside(home.models(), result.folder.lexically_relative(home.models()));
    const FileLock lock = lock_package(home, result, settings.download.lock_timeout);
    // Another process may have done it all during the wait.
    if (!all_in_place(home, result)) Materialization(home, model, package, settings, access).run(result, download);
    if (!all_in_place(home, result)) {
      throw ModelCacheError("The cached package " + result.folder.string() + " is not complete after its download.",
                            "Something else changes this cache; try again, or choose another with INFERENCE_HOME.");
    }
  }
  result.bytes = total_bytes(result);
  return result;
}

void finish_package(const CacheHome& home, const ModelMetadata& model, const PackageMetadata& package,
                    const MaterializedPackage& files, const FinishSettings& settings, AccessManager& access) {
  PackageManifest wanted = packages::manifest_of(model, package, artifacts_of(files.files));
  const std::optional<PackageManifest> present = present_manifest(files.folder);
  check_agreement(files.folder, present, wanted);
  complete_hashes(home, present, wanted, files.files);
  wanted.license = settings.license;
  if (present) {
    if (!wanted.license) wanted.license = present->license;
    wanted.dependency_package_paths = present->dependency_package_paths;
    if (*present == wanted) return;
  }
  try {
    const FileLock lock = lock_package(home, files, settings.lock_timeout);
    check_agreement(files.folder, present_manifest(files.folder), wanted);
    write_file_atomically(manifest_file(files.folder), packages::to_json_text(wanted));
  } catch (const ModelCacheError& error) {
    if (!present) throw;
    // What is there still names the right files; a shared cache may be read-only for this user.
    log_warning("The model cache keeps an older description of a package: " + error.message());
    return;
  }
  access.on_file_created(manifest_file(files.folder), {model.model_id, package.id, settings.api_key});
}

}  // namespace inference_exp::hub
