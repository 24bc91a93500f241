// A server, a client and a folder for tests of downloads.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "hub/downloader.hpp"
#include "hub/hashing.hpp"
#include "hub/part_file.hpp"
#include "support/http_server.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::hub {

namespace web = inference_exp::testing;

inline std::string md5_of(const std::string& text) {
  Hasher hasher(HashKind::md5);
  hasher.update(std::as_bytes(std::span(text)));
  return hasher.finish();
}

inline std::string read_whole(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

class DownloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Pauses are noted instead of made.
    settings_.sleep = [this](std::chrono::milliseconds time) {
      const std::lock_guard guard(mutex_);
      pauses_.push_back(time);
    };
  }

  /// Ranges from 1 MiB on, of at least 256 KiB.
  void use_small_ranges() {
    settings_.ranges_from_bytes = std::uint64_t{1} << 20;
    settings_.min_range_bytes = std::uint64_t{256} << 10;
  }

  [[nodiscard]] DownloadTask task(const std::string& path, std::optional<std::string> md5) const {
    return {.handle = path.substr(1), .url = server_.url(path), .target = target_, .md5 = std::move(md5)};
  }
  DownloadedFile fetch(const DownloadTask& task) {
    return download_files(*client_, std::span(&task, 1), settings_).front();
  }
  DownloadedFile fetch_weights() { return fetch(task("/weights", md5_)); }

  void expect_whole() const { EXPECT_TRUE(read_whole(target_) == text_) << target_; }
  /// Neither the file nor anything that could be taken for it.
  void expect_nothing_published() const { EXPECT_FALSE(std::filesystem::exists(target_)); }
  /// Lock files may stay.
  void expect_nothing_left() const {
    for (const auto& entry : std::filesystem::directory_iterator(target_.parent_path())) {
      EXPECT_EQ(entry.path().extension(), ".lock") << entry.path();
    }
  }
  /// The Range headers of all requests that had one.
  [[nodiscard]] std::vector<std::string> ranges_asked_for(const std::string& path = "/weights") const {
    std::vector<std::string> ranges;
    for (const web::Request& request : server_.requests(path)) {
      if (request.has_header("range")) ranges.push_back(request.header("range"));
    }
    return ranges;
  }

  web::TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
  std::filesystem::path target_ = folder_ / "shared-blobs" / "blob";
  web::HttpServer server_;
  std::shared_ptr<HttpClient> client_ = make_curl_client();
  DownloadSettings settings_;
  std::mutex mutex_;
  std::vector<std::chrono::milliseconds> pauses_;

  /// Not a round number of bytes.
  web::Content content_ = web::generated_content((std::uint64_t{2} << 20) + 12345);
  std::string text_ = content_.text();
  std::string md5_ = md5_of(text_);
};

/// Runs `action` and hands the error of this type to `check`; any other outcome is a failure.
template <typename ErrorType, typename Action, typename Check>
void expect_error(const Action& action, const Check& check) {
  try {
    action();
    ADD_FAILURE() << "no error";
  } catch (const ErrorType& error) {
    check(error);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
  }
}

template <typename ErrorType, typename Action>
void expect_error(const Action& action) {
  expect_error<ErrorType>(action, [](const ErrorType&) {});
}

}  // namespace inference_exp::hub
