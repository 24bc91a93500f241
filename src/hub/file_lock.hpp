// Advisory locks between processes and threads (loading.md, section 5.4).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "core/function_ref.hpp"

namespace inference_exp::hub {

/// Holds flock(2) on a file that stays behind, until it goes out of scope. Each object opens the file anew, so that two
/// threads exclude each other as two processes do. Never follows a link in the file's own name.
class FileLock {
 public:
  /// Waits up to `timeout`. Throws FileLockTimeoutError naming the file, ModelCacheError when the file can't be opened
  /// or created, and OperationCancelledError after `stop`.
  FileLock(const std::filesystem::path& file, std::chrono::milliseconds timeout, const std::stop_token& stop = {});
  /// Without waiting; nothing when somebody else holds it.
  [[nodiscard]] static std::optional<FileLock> try_acquire(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

/// Waits for as long as the holder shows signs of life: that its work takes long is no reason to give up. Times out
/// when `sign_of_life` answers the same before and after a whole `timeout`.
[[nodiscard]] FileLock lock_unless_stalled(const std::filesystem::path& file, std::chrono::milliseconds timeout,
                                           FunctionRef<std::uint64_t()> sign_of_life, const std::stop_token& stop = {});

/// The lock file beside `target`: ".<name>.lock".
[[nodiscard]] std::filesystem::path lock_file_of(const std::filesystem::path& target);

}  // namespace inference_exp::hub
