// The files of packages that were compiled on this machine: what they may be, and their hashes.
//
// Contract: thread-safe. The MD5 of a file that stays as it is is computed once per process.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace inference_exp::hub {

inline constexpr std::uintmax_t kMaxLocalFileBytes = std::uintmax_t{64} << 30;

/// Throws CorruptedModelPackageError: `what` is wrong with the package.
[[noreturn]] void refuse_local_package(const std::string& what);

/// Throws CorruptedModelPackageError for anything but a regular file of at most kMaxLocalFileBytes, links among them,
/// and ModelCacheError for one that cannot be read.
void check_local_package_file(const std::filesystem::path& file);
/// The MD5 of such a file. Throws the same.
[[nodiscard]] std::string md5_of_local_package_file(const std::filesystem::path& file);

/// Whether a hash read between `before` and `after` belongs to that state for good: the file did not change meanwhile,
/// and its times are so old at `now` that a later write cannot leave them as they are.
[[nodiscard]] bool is_settled(const struct stat& before, const struct stat& after,
                              std::chrono::system_clock::time_point now);

}  // namespace inference_exp::hub
