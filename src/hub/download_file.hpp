// One file from its address to its place: lock, probe, fetch, hash, publish.
#pragma once

#include <stop_token>

#include "hub/download_progress.hpp"
#include "hub/downloader.hpp"

namespace inference_exp::hub {

[[nodiscard]] DownloadedFile download_file(HttpClient& client, const DownloadTask& task,
                                           const DownloadSettings& settings, FileProgress& progress,
                                           const std::stop_token& stop);

/// What HEAD tells of a file; redirects are followed.
struct FileProbe {
  std::optional<HttpResponse> answer{};  ///< only one with status 200

  [[nodiscard]] std::optional<std::uint64_t> size() const;
  [[nodiscard]] bool serves_ranges() const;
};
[[nodiscard]] FileProbe probe_file(HttpClient& client, const std::string& url, const std::stop_token& stop = {});

}  // namespace inference_exp::hub
