// Downloads files into place: parallel, resumable, verified, published whole or not at all (loading.md, section 5.3).
//
// A download under way lies beside its target as ".<name>.part", with ".<name>.part.json" saying what it is a part of
// (expected hash, size, the server's validators) and which ranges are complete; both belong to whoever holds the
// target's lock. The next process goes on from there. A part that no longer fits what the server offers starts anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hub/http.hpp"
#include "inference_exp/load_options.hpp"

namespace inference_exp::hub {

struct DownloadTask {
  std::string handle;  ///< for messages and progress
  std::string url;
  std::filesystem::path target;    ///< absolute; its folder is made
  std::optional<std::string> md5;  ///< what the bytes must hash to, when known
};

struct DownloadSettings {
  bool verify_md5 = true;
  std::chrono::milliseconds lock_timeout{20000};  ///< while whoever holds the lock makes no progress
  std::chrono::milliseconds connect_timeout{30000};
  std::chrono::milliseconds idle_timeout{60000};
  std::uint64_t min_bytes_per_second = 100;
  int max_attempts = 60;  ///< of one range; progress sets the count back
  std::vector<std::int32_t> retry_statuses{408, 429, 502, 503, 504};
  std::uint64_t max_file_bytes = std::uint64_t{64} << 30;
  std::size_t parallel_files = 8;
  std::size_t parallel_ranges = 8;  ///< of one file; at first one, more while they make it faster
  std::uint64_t ranges_from_bytes = std::uint64_t{32} << 20;  ///< smaller files are fetched in one piece
  std::uint64_t min_range_bytes = std::uint64_t{16} << 20;
  std::uint64_t record_every_bytes = std::uint64_t{32} << 20;  ///< how much a killed process loses at most,
  std::chrono::milliseconds record_every{1000};                ///< or what came in this time
  ProgressCallback progress{};
  /// Told when a file or a name appears; may be empty.
  std::function<void(const std::filesystem::path& file)> on_file_created{};
  std::function<void(const std::filesystem::path& from, const std::filesystem::path& to)> on_file_renamed{};
  std::function<void(std::chrono::milliseconds)> sleep{};  ///< unset: really sleeps (and wakes up when cancelled)
};

struct DownloadedFile {
  bool fetched = false;  ///< false: it was there before
  std::uint64_t bytes = 0;
  std::string md5;     ///< of fetched files
  std::string sha256;  ///< of fetched files
};

/// Fetches what is not there yet; the answers are in the order of the tasks. Each target is locked while it is worked
/// on, and looked for again after a wait. The first file that fails stops the others, and its error comes out:
/// RetryError, ModelRetrievalError (an answer that retrying won't change), RangeRequestNotSupportedError,
/// FileHashSumMissmatch, FileLockTimeoutError, ModelCacheError (disk full, not writable), OperationCancelledError.
[[nodiscard]] std::vector<DownloadedFile> download_files(HttpClient& client, std::span<const DownloadTask> tasks,
                                                         const DownloadSettings& settings);

/// Content-Length by HEAD, 16 at a time; nothing for a file whose size the server does not tell.
[[nodiscard]] std::vector<std::optional<std::uint64_t>> file_sizes(HttpClient& client,
                                                                   std::span<const std::string> urls);

/// How a file of `size` bytes is cut: ceil(size / parts) bytes each but at least `min_part`, both ends inclusive.
[[nodiscard]] std::vector<ByteRange> split_into_ranges(std::uint64_t size, std::size_t parts = 8,
                                                       std::uint64_t min_part = std::uint64_t{16} << 20);

}  // namespace inference_exp::hub
