// One public file whose content is known beforehand.
#pragma once

#include <filesystem>
#include <string_view>

#include "hub/downloader.hpp"

namespace inference_exp::hub {

struct PinnedFile {
  std::string_view handle;  ///< for messages and progress
  std::string_view url;
  std::string_view md5;
  std::string_view sha256;
};

/// Fetches it to `target` unless that is there. What does not have both hashes is not left behind. Throws what
/// download_files throws, FileHashSumMissmatch among it.
void fetch_pinned_file(HttpClient& client, const PinnedFile& file, const std::filesystem::path& target,
                       const DownloadSettings& settings);

}  // namespace inference_exp::hub
