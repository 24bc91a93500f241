#include "hub/downloader.hpp"

#include <algorithm>

#include "hub/download_file.hpp"
#include "hub/stopping.hpp"

namespace inference_exp::hub {

namespace {

constexpr std::size_t kParallelProbes = 16;

}  // namespace

std::vector<DownloadedFile> download_files(HttpClient& client, std::span<const DownloadTask> tasks,
                                           const DownloadSettings& settings) {
  std::vector<DownloadedFile> files(tasks.size());
  ProgressBoard board(settings.progress, tasks.size());
  std::stop_source stop;
  run_side_by_side(tasks.size(), settings.parallel_files, stop, [&](std::size_t i) {
    FileProgress progress(board, tasks[i].handle, i);
    files[i] = download_file(client, tasks[i], settings, progress, stop.get_token());
  });
  return files;
}

std::vector<std::optional<std::uint64_t>> file_sizes(HttpClient& client, std::span<const std::string> urls) {
  std::vector<std::optional<std::uint64_t>> sizes(urls.size());
  std::stop_source stop;
  run_side_by_side(urls.size(), kParallelProbes, stop,
                   [&](std::size_t i) { sizes[i] = probe_file(client, urls[i], stop.get_token()).size(); });
  return sizes;
}

std::vector<ByteRange> split_into_ranges(std::uint64_t size, std::size_t parts, std::uint64_t min_part) {
  std::vector<ByteRange> ranges;
  const std::uint64_t length = std::max({size / parts + (size % parts != 0 ? 1 : 0), min_part, std::uint64_t{1}});
  for (std::uint64_t first = 0; first < size; first += length) {
    ranges.push_back({.first = first, .last = first + std::min(length, size - first) - 1});
  }
  return ranges;
}

}  // namespace inference_exp::hub
