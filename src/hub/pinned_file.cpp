#include "hub/pinned_file.hpp"

#include <span>
#include <string>
#include <system_error>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

void fetch_pinned_file(HttpClient& client, const PinnedFile& file, const std::filesystem::path& target,
                       const DownloadSettings& settings) {
  const DownloadTask task{
      .handle = std::string(file.handle), .url = std::string(file.url), .target = target, .md5 = std::string(file.md5)};
  DownloadSettings verified = settings;
  verified.verify_md5 = true;
  const DownloadedFile got = download_files(client, std::span(&task, 1), verified).front();
  if (!got.fetched || got.sha256 == file.sha256) return;
  std::error_code ignored;
  std::filesystem::remove(target, ignored);
  throw FileHashSumMissmatch(
      "The file from " + task.url + " has the SHA-256 " + got.sha256 + " instead of " + std::string(file.sha256) + ".",
      "Its source may have been tampered with. Get the file from another place.");
}

}  // namespace inference_exp::hub
