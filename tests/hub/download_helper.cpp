// A process that downloads: download_helper URL TARGET MD5 [THREADS]. Ends with 0 when all threads have the file.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "hub/downloader.hpp"

namespace hub = inference_exp::hub;

namespace {

/// Small files stand for large ones: ranges from 1 MiB on, and a record every 128 KiB.
hub::DownloadSettings settings() {
  hub::DownloadSettings settings;
  settings.lock_timeout = std::chrono::seconds(60);
  settings.ranges_from_bytes = std::uint64_t{1} << 20;
  settings.min_range_bytes = std::uint64_t{256} << 10;
  settings.record_every_bytes = std::uint64_t{128} << 10;
  settings.record_every = std::chrono::milliseconds(20);
  return settings;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values, values + count);
  if (arguments.size() < 4) return EXIT_FAILURE;
  const hub::DownloadTask task{.handle = "weights", .url = arguments[1], .target = arguments[2], .md5 = arguments[3]};
  const int threads = arguments.size() > 4 ? std::stoi(arguments[4]) : 1;
  const auto client = hub::make_curl_client();
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        try {
          (void)hub::download_files(*client, std::span(&task, 1), settings());
        } catch (const std::exception& error) {
          std::fprintf(stderr, "%s\n", error.what());
          failed = true;
        }
      });
    }
  }
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
