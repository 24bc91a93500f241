#include "hub/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "hub/atomic_file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kChooseAnother = "or choose another folder with INFERENCE_HOME.";

std::string advice_for(int error) {
  switch (error) {
    case ENOSPC:
      return "Free some space there, " + std::string(kChooseAnother) + " The next attempt goes on from here.";
    case EDQUOT:
      return "Your quota there is used up: free some space, " + std::string(kChooseAnother);
    case EFBIG:
      return "The file system or a limit of this process (ulimit -f) allows no larger file: raise it, " +
             std::string(kChooseAnother);
    case EROFS:
      return "The file system is mounted read-only: make it writable, " + std::string(kChooseAnother);
    case EACCES:
    case EPERM:
      return "Allow this user to write there, " + std::string(kChooseAnother);
    default:
      return "Check the disk, " + std::string(kChooseAnother);
  }
}

struct stat status_of(int descriptor, const fs::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_disk_error(file, "examined", errno);
  return status;
}

int open_retrying(const fs::path& file, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(file.c_str(), flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

std::string in_megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

}  // namespace

void throw_disk_error(const fs::path& file, std::string_view action, int error) {
  throw ModelCacheError(
      file.string() + " cannot be " + std::string(action) + ": " + std::generic_category().message(error) + ".",
      advice_for(error));
}

OpenFile OpenFile::open_or_replace(const fs::path& file) {
  if (const int descriptor = open_retrying(file, 0); descriptor >= 0) {
    OpenFile found(file, descriptor, false);
    const struct stat status = status_of(descriptor, file);
    if (S_ISREG(status.st_mode) && status.st_nlink == 1) return found;
  }
  // Whatever has the name gives way, without being touched itself.
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw_disk_error(file, "replaced", errno);
  const int descriptor = open_retrying(file, O_CREAT | O_EXCL);
  if (descriptor < 0) throw_disk_error(file, "made", errno);
  return {file, descriptor, true};
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OpenFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_disk_error(path_, "written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

std::size_t OpenFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::span<std::byte> rest = into.subspan(done);
    const ssize_t count = ::pread(descriptor_, rest.data(), rest.size(), static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_disk_error(path_, "read", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void OpenFile::resize(std::uint64_t size) const {
  int outcome = 0;
  do {
    outcome = ::ftruncate(descriptor_, static_cast<off_t>(size));
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0) throw_disk_error(path_, "resized", errno);
}

std::uint64_t OpenFile::size() const { return static_cast<std::uint64_t>(status_of(descriptor_, path_).st_size); }

std::uint64_t OpenFile::allocated() const {
  constexpr std::uint64_t kBlock = 512;  // whatever the file system's own blocks are
  return static_cast<std::uint64_t>(status_of(descriptor_, path_).st_blocks) * kBlock;
}

void OpenFile::flush() const {
  int outcome = 0;
  do {
    outcome = ::fdatasync(descriptor_);
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0 && errno != EINVAL) throw_disk_error(path_, "written", errno);  // EINVAL: nothing to flush to
}

void require_free_space(const fs::path& folder, std::uint64_t bytes) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return;  // writing will tell
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  if (bytes <= free) return;
  throw ModelCacheError("There is not enough space in " + folder.string() + ": " + in_megabytes(bytes) +
                            " more are needed, " + in_megabytes(free) + " are free.",
                        "Free some space there, " + std::string(kChooseAnother));
}

void rename_in_folder(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_disk_error(to, "put in place", errno);
  flush_folder(to.parent_path());
}

}  // namespace inference_exp::hub
