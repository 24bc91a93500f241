#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "hub/atomic_file.hpp"
#include "hub/cache_maintenance.hpp"
#include "hub/file_lock.hpp"
#include "hub/hashing.hpp"
#include "hub/links.hpp"
#include "hub/local_packages.hpp"
#include "hub/package_folders.hpp"
#include "hub/resolution_cache.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLockEnding = ".materialization.lock";
constexpr std::size_t kMd5Digits = 32;
/// Atomic writes take no lock, and never this long.
constexpr std::chrono::hours kTemporaryLife{1};

std::optional<struct stat> look_at(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

/// The target's name that a download under way is for: "x" for ".x.part" and ".x.part.json"; empty for other names.
std::string_view partial_download_of(std::string_view name) {
  for (const std::string_view ending : {std::string_view(".part"), std::string_view(".part.json")}) {
    if (name.starts_with('.') && name.ends_with(ending) && name.size() > ending.size() + 1) {
      return name.substr(1, name.size() - ending.size() - 1);
    }
  }
  return {};
}

/// One clean-up. Collects what goes and, unless it is a rehearsal, removes it.
class Pruning {
 public:
  Pruning(const CacheHome& home, const PruneSettings& settings) : home_(home), settings_(settings) {}

  PrunedCache run() && {
    std::optional<FileLock> gate;
    std::error_code error;
    if (!settings_.dry_run && fs::is_directory(home_.models(), error)) {
      gate.emplace(home_.prune_lock(), settings_.lock_timeout);
    }
    lock_packages();
    if (!settings_.model.empty()) remove_model();
    for (const fs::path& folder : entries_of(home_.models())) clean_packages(folder);
    for (const PackageFolder& package : package_folders(home_)) note_manifest(package);
    clean_blobs();
    clean_entries();
    for (const fs::path& file : entries_of(home_.offline_records())) remove_stale_temporary(file);
    return std::move(pruned_);
  }

 private:
  // --- locks ---

  void lock_packages() {
    for (const fs::path& model : entries_of(home_.models())) {
      if (!is_real_folder(model)) continue;
      for (const fs::path& file : entries_of(model)) {
        const std::string name = file.filename().string();
        if (!name.starts_with('.') || !name.ends_with(kLockEnding) || name.size() <= kLockEnding.size() + 1) continue;
        if (std::optional<FileLock> lock = FileLock::try_acquire(file)) {
          locks_.push_back(std::move(*lock));
        } else {
          busy_.insert(model / name.substr(1, name.size() - kLockEnding.size() - 1));
        }
      }
    }
  }
  [[nodiscard]] bool is_busy(const fs::path& package_folder) const { return busy_.contains(package_folder); }

  // --- removing ---

  void remove_one(const fs::path& path) {
    const std::optional<struct stat> status = look_at(path);
    if (!status || S_ISDIR(status->st_mode)) return;
    const bool frees = S_ISREG(status->st_mode) && status->st_nlink == 1;
    const std::uint64_t bytes = frees ? static_cast<std::uint64_t>(status->st_size) : 0;
    if (!settings_.dry_run && !remove_file(path)) return;
    pruned_.bytes += bytes;
    pruned_.removed.push_back(path);
    gone_.insert(path);
  }

  void remove_folder(const fs::path& folder) {
    const std::uint64_t bytes = bytes_below(folder, false);
    std::error_code error;
    if (!settings_.dry_run) fs::remove_all(folder, error);
    if (error) {
      throw ModelCacheError("The cached package " + folder.string() + " cannot be removed: " + error.message() + ".",
                            "Check that you may write to the cache folder.");
    }
    pruned_.bytes += bytes;
    pruned_.removed.push_back(folder);
    gone_.insert(folder);
  }

  /// `.x.part` and `.x.part.json`, unless somebody downloads x.
  void remove_partial_download(const fs::path& file) {
    const std::string name = file.filename().string();
    const std::string_view target = partial_download_of(name);
    if (!target.empty()) remove_unless_locked(file, file.parent_path() / target);
  }

  void remove_unless_locked(const fs::path& file, const fs::path& target) {
    const fs::path lock_file = lock_file_of(target);
    // A rehearsal makes no lock files; where there is none, nobody holds it.
    std::optional<FileLock> lock;
    if (!settings_.dry_run || look_at(lock_file)) {
      lock = FileLock::try_acquire(lock_file);
      if (!lock) return;
    }
    remove_one(file);
  }

  void remove_stale_temporary(const fs::path& file) {
    if (!is_temporary_name(file.filename().string())) return;
    const std::optional<struct stat> status = look_at(file);
    if (!status) return;
    const auto age = settings_.now - std::chrono::system_clock::from_time_t(status->st_mtime);
    if (age > kTemporaryLife) remove_one(file);
  }

  // --- packages ---

  void remove_model() {
    bool all_gone = true;
    for (const PackageFolder& package : package_folders(home_, settings_.model)) {
      if (is_busy(package.folder)) all_gone = false;
      if (!is_busy(package.folder)) remove_folder(package.folder);
    }
    if (!all_gone) return;
    for (const std::string& id : cached_ids_of(home_, settings_.model)) remove_one(home_.offline_record(id));
  }

  [[nodiscard]] bool is_gone(const fs::path& folder) const { return gone_.contains(folder); }

  /// Below a model's folder; folders of older layouts, which nest differently, are left alone but for what they use.
  void clean_packages(const fs::path& model_folder) {
    if (!is_real_folder(model_folder)) return;
    if (!model_folder.filename().string().starts_with("v2-")) return note_uses(model_folder);
    // What a compilation that was killed left; one under way holds this lock.
    const fs::path local_packages = model_folder / kLocalPackagePrefix;
    for (const fs::path& package : entries_of(model_folder)) {
      if (is_gone(package) || !is_real_folder(package)) continue;
      if (is_temporary_name(package.filename().string())) {
        if (!is_busy(local_packages)) remove_folder(package);
        continue;
      }
      note_uses(package);
      if (is_busy(package)) continue;
      for (const fs::path& entry : entries_below(package)) clean_package_entry(entry);
    }
  }

  void clean_package_entry(const fs::path& entry) {
    std::error_code error;
    if (is_link(entry) && !fs::exists(entry, error)) remove_one(entry);
    remove_partial_download(entry);
    remove_stale_temporary(entry);
  }

  /// Links name the blobs they lead to, also when the whole cache was moved and they lead nowhere.
  void note_uses(const fs::path& folder) {
    for (const fs::path& entry : entries_below(folder)) {
      std::error_code error;
      if (is_link(entry)) used_blobs_.insert(fs::read_symlink(entry, error).filename().string());
    }
  }

  void note_manifest(const PackageFolder& package) {
    if (is_gone(package.folder)) return;
    for (const ExpectedFile& file : package.files) {
      if (file.md5) used_blobs_.insert(*file.md5);
    }
  }

  // --- blobs ---

  void clean_blobs() {
    for (const fs::path& file : entries_of(home_.blobs())) {
      const std::string name = file.filename().string();
      remove_partial_download(file);
      remove_stale_temporary(file);
      if (is_link(file)) {
        std::error_code error;
        if (!fs::exists(file, error)) remove_one(file);
      } else if (is_hex_digest(name.substr(0, kMd5Digits), HashKind::md5)) {
        clean_blob(file, name);
      }
    }
    // After the blobs, whose hashes they keep.
    for (const fs::path& file : entries_of(home_.blobs())) remove_orphaned_hash(file);
  }

  /// A blob that nobody uses, or "<blob>.<something>", which the Python original leaves behind.
  void clean_blob(const fs::path& file, const std::string& name) {
    const std::string blob = name.substr(0, kMd5Digits);
    if (name.size() > kMd5Digits) {
      if (name[kMd5Digits] == '.') remove_unless_locked(file, home_.blob(blob));
      return;
    }
    const std::optional<struct stat> status = look_at(file);
    // More than one name: a package has it as a hard link.
    if (!status || !S_ISREG(status->st_mode) || status->st_nlink > 1) return;
    if (busy_.empty() && !used_blobs_.contains(blob)) remove_unless_locked(file, file);
  }

  void remove_orphaned_hash(const fs::path& file) {
    const std::string name = file.filename().string();
    const std::string blob = name.size() > kMd5Digits ? name.substr(1, kMd5Digits) : std::string();
    if (file != home_.blob_sha256(blob)) return;
    if (is_gone(home_.blob(blob)) || !look_at(home_.blob(blob))) remove_unless_locked(file, home_.blob(blob));
  }

  // --- cached choices ---

  void clean_entries() {
    for (const fs::path& file : entries_of(home_.resolution_entries())) {
      remove_stale_temporary(file);
      const std::string name = file.filename().string();
      if (name.starts_with('.') || !name.ends_with(".json")) continue;
      const std::optional<ResolutionEntry> entry = read_live_entry(file, settings_.resolution_expiry, settings_.now);
      if (!entry || lost_files(*entry)) remove_one(file);
    }
  }

  /// What a rehearsal would have removed counts as gone.
  [[nodiscard]] bool lost_files(const ResolutionEntry& entry) const {
    return std::ranges::any_of(entry.resolved_files, [&](const fs::path& file) {
      for (fs::path path = file; path.has_relative_path(); path = path.parent_path()) {
        if (is_gone(path)) return true;
      }
      return false;
    });
  }

  const CacheHome& home_;
  const PruneSettings& settings_;
  std::vector<FileLock> locks_{};
  std::set<fs::path> busy_{};
  std::set<fs::path> gone_{};
  std::set<std::string> used_blobs_{};
  PrunedCache pruned_{};
};

}  // namespace

PrunedCache prune_cache(const CacheHome& home, const PruneSettings& settings) { return Pruning(home, settings).run(); }

}  // namespace inference_exp::hub
