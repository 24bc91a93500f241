#include "hub/local_package_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "hub/descriptor.hpp"
#include "hub/disk.hpp"
#include "hub/hashing.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kReadPiece = std::size_t{1} << 20;
/// Coarser than the clock of any usual file system.
constexpr std::chrono::seconds kSettlingTime{2};

/// What tells that a file's bytes may have changed.
using FileState = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

FileState state_of(const struct stat& status) {
  return {status.st_dev,          status.st_ino,         status.st_size,        status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

/// MD5s of files that this process has read.
class KnownHashes {
 public:
  [[nodiscard]] std::optional<std::string> find(const FileState& state) {
    const std::scoped_lock lock(mutex_);
    const auto known = hashes_.find(state);
    return known == hashes_.end() ? std::nullopt : std::optional(known->second);
  }
  void keep(const FileState& state, std::string md5) {
    const std::scoped_lock lock(mutex_);
    hashes_[state] = std::move(md5);
  }

 private:
  std::mutex mutex_;
  std::map<FileState, std::string> hashes_;
};

KnownHashes& known_hashes() {
  static KnownHashes hashes;
  return hashes;
}

std::string read_md5(int descriptor, const fs::path& file) {
  Hasher hasher(HashKind::md5);
  std::vector<std::byte> buffer(kReadPiece);
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_disk_error(file, "read", errno);
    if (count == 0) return hasher.finish();
    hasher.update(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
}

int open_package_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const int error = errno;
  if (descriptor >= 0) return descriptor;
  const std::string name = file.filename().string();
  if (error == ELOOP) refuse_local_package(name + " is a symbolic link.");
  if (error == ENOENT) refuse_local_package(name + " is missing.");
  throw_disk_error(file, "read", error);
}

struct stat package_file_status(int descriptor, const fs::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_disk_error(file, "read", errno);
  const std::string name = file.filename().string();
  if (!S_ISREG(status.st_mode)) refuse_local_package(name + " is not a regular file.");
  if (static_cast<std::uintmax_t>(status.st_size) > kMaxLocalFileBytes) {
    refuse_local_package(name + " is larger than 64 GiB.");
  }
  return status;
}

std::chrono::system_clock::time_point time_of(const struct timespec& time) {
  return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

}  // namespace

void refuse_local_package(const std::string& what) {
  throw CorruptedModelPackageError(what, "Remove the folder, and compile the model again.");
}

bool is_settled(const struct stat& before, const struct stat& after, std::chrono::system_clock::time_point now) {
  if (state_of(before) != state_of(after)) return false;
  return now - std::max(time_of(after.st_mtim), time_of(after.st_ctim)) > kSettlingTime;
}

void check_local_package_file(const fs::path& file) {
  const Descriptor descriptor(open_package_file(file));
  (void)package_file_status(descriptor.value, file);
}

std::string md5_of_local_package_file(const fs::path& file) {
  const Descriptor descriptor(open_package_file(file));
  const auto now = std::chrono::system_clock::now();
  const struct stat before = package_file_status(descriptor.value, file);
  const FileState state = state_of(before);
  if (std::optional<std::string> known = known_hashes().find(state)) return *std::move(known);
  std::string md5 = read_md5(descriptor.value, file);
  if (is_settled(before, package_file_status(descriptor.value, file), now)) known_hashes().keep(state, md5);
  return md5;
}

}  // namespace inference_exp::hub
