// A cache of a test's own, a model to put into it, and stand-ins for the network and the access manager.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/cache_layout.hpp"
#include "hub/downloader.hpp"
#include "hub/hashing.hpp"
#include "hub/materialize.hpp"
#include "inference_exp/hub.hpp"
#include "support/sample_model.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::hub::testing {

namespace fs = std::filesystem;

inline void write_file(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::string md5_of(std::string_view text) {
  Hasher hasher(HashKind::md5);
  hasher.update(std::as_bytes(std::span(text)));
  return hasher.finish();
}

/// A file of a package whose address is made of its content, for FakeDownload.
inline PackageFile hashed_file(std::string handle, std::string_view content) {
  return {std::move(handle), "https://files.test/" + std::string(content), md5_of(content)};
}
inline PackageFile unhashed_file(std::string handle, std::string_view content) {
  return {std::move(handle), "https://files.test/" + std::string(content), std::nullopt};
}

/// An ONNX package of three hashed files.
inline PackageMetadata sample_package(std::string id = "0a1b2c3d") {
  PackageMetadata package;
  package.id = std::move(id);
  package.backend = "onnx";
  package.quantization = Quantization::fp32;
  package.batch.dynamic = true;
  package.trusted = true;
  package.details = OnnxPackageDetails{19, {}};
  package.files = {hashed_file("weights.onnx", "weights?signature=abc"), hashed_file("class_names.txt", "cat\ndog\n"),
                   hashed_file("inference_config.json", "{}")};
  return package;
}

inline ModelMetadata sample_model(std::vector<PackageMetadata> packages = {sample_package()}) {
  return inference_exp::testing::detector_with(std::move(packages));
}

/// Writes what an address says, in the steps of the real download, and counts.
class FakeDownload {
 public:
  std::vector<DownloadedFile> operator()(std::span<const DownloadTask> tasks, const DownloadSettings& settings) {
    ++calls;
    std::vector<DownloadedFile> result;
    for (const DownloadTask& task : tasks) {
      ++files;
      const std::string content = task.url.substr(std::string("https://files.test/").size());
      const fs::path part = task.target.parent_path() / ("." + task.target.filename().string() + ".part");
      write_file(part, content);
      if (settings.on_file_created) settings.on_file_created(part);
      fs::rename(part, task.target);
      if (settings.on_file_renamed) settings.on_file_renamed(part, task.target);
      result.push_back({true, content.size(), md5_of(content), sha256_hex(content)});
    }
    return result;
  }
  std::atomic<int> calls = 0;
  std::atomic<int> files = 0;
};

/// Counts what it is told.
class CountingAccessManager : public AccessManager {
 public:
  bool granted = true;
  bool is_package_access_granted(const Package& /*package*/) override { return granted; }
  void on_file_created(const fs::path& file, const Package& /*package*/) override { add("created", file); }
  void on_file_renamed(const fs::path& /*from*/, const fs::path& to, const Package& /*package*/) override {
    add("renamed", to);
  }
  void on_file_deleted(const fs::path& file) override { add("deleted", file); }
  void on_link_created(const fs::path& /*target*/, const fs::path& link, const Package& /*package*/) override {
    add("linked", link);
  }
  void on_link_deleted(const fs::path& link) override { add("unlinked", link); }

  [[nodiscard]] std::size_t count(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return events_[event].size();
  }
  [[nodiscard]] std::size_t total() {
    const std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const auto& [event, files] : events_) sum += files.size();
    return sum;
  }

 private:
  void add(const std::string& event, const fs::path& file) {
    const std::lock_guard lock(mutex_);
    events_[event].push_back(file);
  }
  std::mutex mutex_;
  std::map<std::string, std::vector<fs::path>> events_;
};

/// A folder of this test's own, removed at its end, with a cache in it.
class CacheTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path outside() const { return base_ / "outside"; }
  [[nodiscard]] fs::path folder_of(const PackageMetadata& package = sample_package()) const {
    return home_.package_folder("coco/3", package.id);
  }

  /// A whole load without a model: the files and the manifest.
  MaterializedPackage load(const ModelMetadata& model, const PackageMetadata& package, FinishSettings finish = {}) {
    MaterializedPackage files = materialize(home_, model, package, settings_, download_, access_);
    finish_package(home_, model, package, files, finish, access_);
    return files;
  }
  MaterializedPackage load(const PackageMetadata& package = sample_package()) {
    return load(sample_model({package}), package);
  }

  inference_exp::testing::TemporaryFolder temporary_;
  fs::path base_ = temporary_.path();
  CacheHome home_{base_ / "home"};
  MaterializeSettings settings_;
  FakeDownload download_;
  CountingAccessManager access_;
};

}  // namespace inference_exp::hub::testing
