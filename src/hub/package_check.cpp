#include "hub/package_check.hpp"

#include <algorithm>
#include <system_error>

#include "core/log.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

const std::optional<FileHashes>& PackageChecker::hashes_of(const fs::path& file) {
  std::error_code error;
  fs::path bytes = fs::canonical(file, error);
  if (error) bytes = file;
  const auto [found, added] = hashes_.try_emplace(bytes);
  if (added) {
    try {
      found->second = hash_file(bytes);
    } catch (const ModelCacheError& unreadable) {
      log(LogLevel::debug, unreadable.message());
    }
  }
  return found->second;
}

CacheStatus PackageChecker::check_file(const fs::path& file, const ExpectedFile& expected) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) return CacheStatus::missing;
  if (!fs::is_regular_file(status)) return CacheStatus::unreadable;
  if (!read_bytes_) return CacheStatus::ok;
  const std::optional<FileHashes>& hashes = hashes_of(file);
  if (!hashes) return CacheStatus::unreadable;
  const bool as_expected =
      (!expected.md5 || hashes->md5 == *expected.md5) && (!expected.sha256 || hashes->sha256 == *expected.sha256);
  return as_expected ? CacheStatus::ok : CacheStatus::hash_mismatch;
}

VerifiedPackage PackageChecker::check(const fs::path& folder, const std::vector<ExpectedFile>& files) {
  VerifiedPackage result;
  for (const ExpectedFile& expected : files) {
    CacheStatus status = check_file(folder / expected.handle, expected);
    if (status == CacheStatus::missing && !expected.blob.empty()) status = check_file(expected.blob, expected);
    result.files.push_back({expected.handle, status});
  }
  const auto is = [](CacheStatus status) {
    return [status](const VerifiedFile& file) { return file.status == status; };
  };
  if (!std::ranges::all_of(result.files, is(CacheStatus::ok))) result.status = CacheStatus::incomplete;
  if (!files.empty() && std::ranges::all_of(result.files, is(CacheStatus::missing))) {
    result.status = CacheStatus::missing;
  }
  return result;
}

}  // namespace inference_exp::hub
