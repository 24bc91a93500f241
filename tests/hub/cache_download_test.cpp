// The cache with the real download, from a server on loopback to a model folder and back from the cached choice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/cache_fixture.hpp"
#include "hub/http.hpp"
#include "hub/offline_registry.hpp"
#include "hub/resolution_cache.hpp"
#include "inference_exp/errors.hpp"
#include "support/http_server.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using inference_exp::testing::HttpServer;
using inference_exp::testing::serve_file;
using inference_exp::testing::text_content;
using testing::md5_of;
using testing::read_file;
using testing::sample_model;
using testing::sample_package;
using testing::write_file;

constexpr std::string_view kSecret = "sk-very-secret-key";
constexpr std::string_view kSignature = "signed-by-the-storage";

class CacheDownload : public testing::CacheTest {
 protected:
  void SetUp() override {
    CacheTest::SetUp();
    package_.files.clear();
    add("weights.onnx", std::string(100000, 'w'));
    add("class_names.txt", "cat\ndog\n");
    add("inference_config.json", "{}");
    settings_.api_key = kSecret;
  }
  void add(const std::string& handle, const std::string& content) {
    server_.on("/" + handle, serve_file(text_content(content)));
    package_.files.push_back(
        {handle, server_.url("/" + handle) + "?signature=" + std::string(kSignature), md5_of(content)});
  }
  MaterializedPackage load_online() {
    const auto download = [this](std::span<const DownloadTask> tasks, const DownloadSettings& settings) {
      return download_files(*client_, tasks, settings);
    };
    const ModelMetadata model = sample_model({package_});
    MaterializedPackage files = materialize(home_, model, package_, settings_, download, access_);
    finish_package(home_, model, package_, files, {.api_key = std::string(kSecret)}, access_);
    return files;
  }
  ResolutionEntry entry_for(const MaterializedPackage& files) const {
    ResolutionEntry entry;
    entry.model_id = "yolov8n-640";
    entry.canonical_model_id = "coco/3";
    entry.cache_model_id = "coco/3";
    entry.package_id = package_.id;
    entry.resolved_files = files.resolved_files();
    entry.architecture = "yolov8";
    entry.backend = "onnx";
    entry.trusted = true;
    entry.credential_hash = credential_hash_of(kSecret);
    return entry;
  }

  HttpServer server_;
  std::shared_ptr<HttpClient> client_ = make_curl_client();
  PackageMetadata package_ = sample_package();
};

// Section 1.5: 5 created files (3 downloads, 1 manifest, 1 cached choice), 3 renames, 3 links.
TEST_F(CacheDownload, AFirstLoadWritesWhatTheSpecificationCounts) {
  const MaterializedPackage files = load_online();
  ResolutionCache(home_, std::chrono::minutes{1440}).store(std::string(64, 'a'), entry_for(files), kSecret, access_);
  EXPECT_EQ(read_file(files.folder / "weights.onnx"), std::string(100000, 'w'));
  EXPECT_EQ(access_.count("created"), 5U);
  EXPECT_EQ(access_.count("renamed"), 3U);
  EXPECT_EQ(access_.count("linked"), 3U);
  EXPECT_EQ(access_.total(), 11U);
}

TEST_F(CacheDownload, ASecondLoadSendsNoRequest) {
  const MaterializedPackage files = load_online();
  const LoadOptions options;
  const std::string key = resolution_key("yolov8n-640", options, kSecret, {});
  const ResolutionCache cache(home_, std::chrono::minutes{1440});
  cache.store(key, entry_for(files), kSecret, access_);
  server_.forget_requests();
  const std::uint64_t sent = http_requests_sent();

  const std::optional<ResolutionEntry> entry = cache.retrieve(key, access_);
  ASSERT_TRUE(entry);
  EXPECT_EQ(usable_folder(home_, *entry, "yolov8n-640", options, kSecret, access_), files.folder);
  EXPECT_FALSE(load_online().fetched) << "nor without the cached choice";
  EXPECT_EQ(http_requests_sent(), sent);
  EXPECT_EQ(server_.count(), 0U);
}

TEST_F(CacheDownload, NeitherTheKeyNorSignaturesAreWrittenAnywhere) {
  const MaterializedPackage files = load_online();
  LoadOptions options;
  options.hub.api_key = kSecret;
  options.hub.provider_headers = {{"x-secret", std::string(kSecret)}};
  const std::string key = resolution_key("yolov8n-640", options, kSecret, {});
  ResolutionCache(home_, std::chrono::minutes{1440}).store(key, entry_for(files), kSecret, access_);
  record_offline_model(
      home_, sample_model({package_}),
      {.requested_model = "yolov8n-640", .proven_package = package_.id, .api_key = std::string(kSecret)}, access_);
  int searched = 0;
  for (const auto& entry : fs::recursive_directory_iterator(home_.root())) {
    EXPECT_EQ(entry.path().string().find(kSecret), std::string::npos);
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    ++searched;
    const std::string bytes = read_file(entry.path());
    EXPECT_EQ(bytes.find(kSecret), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find(kSignature), std::string::npos) << entry.path();
  }
  EXPECT_GE(searched, 6) << "3 blobs, the manifest, the choice and the record";
}

TEST_F(CacheDownload, LinksPlantedAmongTheBlobsLeadNoWriteOutside) {
  write_file(outside() / "precious", "data");
  const std::string md5 = *package_.files[0].md5;
  fs::create_directories(home_.blobs());
  fs::create_symlink(outside() / "absent", home_.blob(md5));
  fs::create_symlink(outside() / "precious", home_.blobs() / ("." + md5 + ".part"));
  try {
    load_online();
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(home_.blob(md5))));
  } catch (const ModelCacheError&) {
    // Refusing is as good.
  }
  EXPECT_EQ(read_file(outside() / "precious"), "data");
  EXPECT_FALSE(fs::exists(outside() / "absent"));
}

TEST_F(CacheDownload, AFileThatArrivesChangedLeavesNoPackage) {
  server_.on("/inference_config.json", serve_file(text_content("[]")));
  EXPECT_THROW(load_online(), FileHashSumMissmatch);
  EXPECT_FALSE(fs::exists(home_.blob(md5_of("{}"))));
  EXPECT_FALSE(fs::exists(folder_of(package_) / "model_config.json"));
  EXPECT_FALSE(has_all_files(home_, "coco/3", package_));
}

}  // namespace
}  // namespace inference_exp::hub
