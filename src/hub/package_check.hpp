// Looks at the files of one cached package.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hashing.hpp"
#include "inference_exp/hub.hpp"

namespace inference_exp::hub {

/// What a file of a package must be.
struct ExpectedFile {
  std::string handle;
  std::optional<std::string> md5;
  std::optional<std::string> sha256{};
  std::filesystem::path blob{};  ///< looked at instead where the package folder has no such file; may be empty
};

/// Looks at files, reading each blob once however many packages use it. Not shared between threads.
class PackageChecker {
 public:
  /// Without `read_bytes` only looks whether the files are there.
  explicit PackageChecker(bool read_bytes) : read_bytes_(read_bytes) {}

  /// `missing` where no file is there, `incomplete` where some are missing or are not what they must be.
  [[nodiscard]] VerifiedPackage check(const std::filesystem::path& folder, const std::vector<ExpectedFile>& files);

 private:
  [[nodiscard]] CacheStatus check_file(const std::filesystem::path& file, const ExpectedFile& expected);
  [[nodiscard]] const std::optional<FileHashes>& hashes_of(const std::filesystem::path& file);

  bool read_bytes_;
  std::map<std::filesystem::path, std::optional<FileHashes>> hashes_{};
};

}  // namespace inference_exp::hub
