#include "hub/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "hub/stopping.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{50};

[[noreturn]] void throw_unusable(const fs::path& file, int error) {
  if (error == ELOOP) {
    throw ModelCacheError("The lock file " + file.string() + " is a symbolic link, which is not followed.",
                          "Remove the link; nothing in this cache makes one there.");
  }
  throw ModelCacheError(
      "The lock file " + file.string() + " cannot be opened: " + std::generic_category().message(error) + ".",
      "Check that the folder exists and that you may write to it, or choose another with INFERENCE_HOME.");
}

/// flock needs no write permission, so that a lock file another user made is good as long as it can be read.
int open_lock_file(const fs::path& file) {
  while (true) {
    int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
      descriptor = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    }
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) throw_unusable(file, errno);
  }
}

/// Whether the name still leads to the open file: whoever removed and made it anew locks another one.
bool is_current(int descriptor, const fs::path& file) {
  struct stat open_file {};
  struct stat named_file {};
  return ::fstat(descriptor, &open_file) == 0 && ::lstat(file.c_str(), &named_file) == 0 &&
         open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
}

/// A descriptor that holds the lock, or -1 when somebody else does.
int try_once(const fs::path& file) {
  while (true) {
    const int descriptor = open_lock_file(file);
    int outcome = 0;
    do {
      outcome = ::flock(descriptor, LOCK_EX | LOCK_NB);
    } while (outcome != 0 && errno == EINTR);
    const int error = errno;
    if (outcome == 0 && is_current(descriptor, file)) return descriptor;
    ::close(descriptor);
    if (outcome == 0) continue;
    if (error == EWOULDBLOCK) return -1;
    throw_unusable(file, error);
  }
}

}  // namespace

FileLock::FileLock(const fs::path& file, milliseconds timeout, const std::stop_token& stop) {
  const Clock::time_point end = Clock::now() + timeout;
  milliseconds pause = kFirstPause;
  while ((descriptor_ = try_once(file)) < 0) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (left <= milliseconds{0}) {
      throw FileLockTimeoutError(
          "Another process or thread has held the lock " + file.string() + " for more than " +
              std::to_string(timeout.count()) + " ms.",
          "It is probably downloading: wait for it, or wait longer with INFERENCE_MODELS_FILE_LOCK_ACQUIRE_TIMEOUT.");
    }
    sleep_unless_stopped(std::min(pause, left), stop);
    throw_if_stopped(stop);
    pause = std::min(pause * 2, kLongestPause);
  }
}

std::optional<FileLock> FileLock::try_acquire(const fs::path& file) {
  const int descriptor = try_once(file);
  if (descriptor < 0) return std::nullopt;
  return FileLock(descriptor);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

// Closing is enough for this process; a child that inherited the descriptor before exec would keep it locked.
FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  ::flock(descriptor_, LOCK_UN);
  ::close(descriptor_);
}

FileLock lock_unless_stalled(const fs::path& file, milliseconds timeout, FunctionRef<std::uint64_t()> sign_of_life,
                             const std::stop_token& stop) {
  while (true) {
    const std::uint64_t before = sign_of_life();
    try {
      return {file, timeout, stop};
    } catch (const FileLockTimeoutError&) {
      if (sign_of_life() == before) throw;
    }
  }
}

fs::path lock_file_of(const fs::path& target) {
  return target.parent_path() / ("." + target.filename().string() + ".lock");
}

}  // namespace inference_exp::hub
