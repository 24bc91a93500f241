#include "hub/cache_maintenance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "hub/atomic_file.hpp"
#include "hub/cache_fixture.hpp"
#include "hub/file_lock.hpp"
#include "hub/offline_registry.hpp"
#include "hub/resolution_cache.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::hashed_file;
using ::testing::IsEmpty;
using testing::md5_of;
using testing::read_file;
using testing::sample_model;
using testing::sample_package;
using ::testing::UnorderedElementsAre;
using testing::write_file;

class CacheMaintenance : public testing::CacheTest {
 protected:
  /// A second model that shares two of the three blobs with coco/3.
  PackageMetadata load_other_model() {
    PackageMetadata package = sample_package("bbb");
    package.files[0] = hashed_file("weights.onnx", "other weights");
    ModelMetadata model = sample_model({package});
    model.model_id = "coco/5";
    load(model, package);
    return package;
  }
  void store_choice(const std::string& key, const MaterializedPackage& files,
                    std::chrono::system_clock::time_point now) {
    ResolutionEntry entry;
    entry.model_id = "yolov8n-640";
    entry.resolved_files = files.resolved_files();
    ResolutionCache(home_, 1440min, [&] { return now; }).store(key, entry, "", access_);
  }
  PrunedCache prune(std::string model = {}, bool dry_run = false) {
    return prune_cache(home_, {.model = std::move(model), .now = now_, .dry_run = dry_run});
  }
  [[nodiscard]] fs::path blob(std::string_view content) const { return home_.blob(md5_of(content)); }
  [[nodiscard]] std::vector<std::string> all_names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(home_.root())) names.push_back(entry.path().string());
    std::ranges::sort(names);
    return names;
  }

  std::chrono::system_clock::time_point now_ = std::chrono::system_clock::now();
};

TEST(CacheStatusNames, AreTheWordsOfTheSpecification) {
  EXPECT_EQ(cache_status_name(CacheStatus::ok), "ok");
  EXPECT_EQ(cache_status_name(CacheStatus::incomplete), "incomplete");
  EXPECT_EQ(cache_status_name(CacheStatus::missing), "missing");
  EXPECT_EQ(cache_status_name(CacheStatus::malformed), "malformed");
  EXPECT_EQ(cache_status_name(CacheStatus::hash_mismatch), "hash-mismatch");
  EXPECT_EQ(cache_status_name(CacheStatus::unreadable), "unreadable");
}

// --- list ---

TEST_F(CacheMaintenance, ListsPackages) {
  load(sample_model(), sample_package(), {.api_key = "", .license = "AGPL-3.0-only"});
  load_other_model();
  const std::vector<CachedPackage> packages = list_cache(home_);
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[0].model_id, "coco/3");
  EXPECT_EQ(packages[0].package_id, "0a1b2c3d");
  EXPECT_EQ(packages[0].folder, folder_of());
  EXPECT_EQ(packages[0].architecture, "yolov8");
  EXPECT_EQ(packages[0].task, "object-detection");
  EXPECT_EQ(packages[0].backend, "onnx");
  EXPECT_EQ(packages[0].license, "AGPL-3.0-only");
  EXPECT_EQ(packages[0].bytes, 31U + fs::file_size(folder_of() / "model_config.json"));
  EXPECT_TRUE(packages[0].complete);
  EXPECT_EQ(packages[1].model_id, "coco/5");
}

TEST_F(CacheMaintenance, AnEmptyOrAbsentCacheHasNoPackages) {
  EXPECT_THAT(list_cache(home_), IsEmpty());
  EXPECT_THAT(verify_cache(home_, {}), IsEmpty());
  EXPECT_THAT(prune().removed, IsEmpty());
  EXPECT_FALSE(fs::exists(home_.root()));
}

TEST_F(CacheMaintenance, UnfinishedPackagesAreNotComplete) {
  (void)materialize(home_, sample_model(), sample_package(), settings_, download_, access_);
  EXPECT_FALSE(list_cache(home_).at(0).complete);
  EXPECT_EQ(verify_cache(home_, {}).at(0).status, CacheStatus::incomplete);
}

TEST_F(CacheMaintenance, ListsLocallyCompiledPackages) {
  load();
  const fs::path folder = home_.package_folder("coco/3", "localtrt0123456789ab");
  write_file(folder / "engine.plan", "engine");
  write_file(folder / "local_trt_package_manifest.json",
             R"({"packageManifest": {"type": "trt-model-package-v1"}, "files": {"engine.plan": ")" + md5_of("engine") +
                 R"("}, "modelArchitecture": "yolov8", "taskType": "object-detection"})");
  const std::vector<CachedPackage> packages = list_cache(home_);
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[1].package_id, "localtrt0123456789ab");
  EXPECT_EQ(packages[1].model_id, "coco/3") << "as its neighbour says";
  EXPECT_EQ(packages[1].backend, "trt");
  EXPECT_TRUE(packages[1].complete);
  EXPECT_EQ(verify_cache(home_, {}).at(1).status, CacheStatus::ok);
  write_file(folder / "engine.plan", "changed");
  EXPECT_EQ(verify_cache(home_, {}).at(1).files.at(0).status, CacheStatus::hash_mismatch);
}

// --- verify ---

TEST_F(CacheMaintenance, SoundPackagesAreOk) {
  load();
  const std::vector<VerifiedPackage> packages = verify_cache(home_, {});
  ASSERT_EQ(packages.size(), 1U);
  EXPECT_EQ(packages[0].model_id, "coco/3");
  EXPECT_EQ(packages[0].package_id, "0a1b2c3d");
  EXPECT_EQ(packages[0].status, CacheStatus::ok);
  EXPECT_EQ(packages[0].files.size(), 3U);
}

TEST_F(CacheMaintenance, DamageIsFoundInEveryPackageThatSharesTheBlob) {
  load();
  load_other_model();
  write_file(blob("{}"), "[]");
  for (const VerifiedPackage& package : verify_cache(home_, {})) {
    EXPECT_EQ(package.status, CacheStatus::incomplete);
    EXPECT_EQ(package.files.at(0).status, CacheStatus::ok);
    EXPECT_EQ(package.files.at(1).handle, "inference_config.json");
    EXPECT_EQ(package.files.at(1).status, CacheStatus::hash_mismatch);
  }
}

TEST_F(CacheMaintenance, ChangesThatKeepTheMd5AreFoundBySha256) {
  load();
  const fs::path manifest = folder_of() / "model_config.json";
  std::string text = read_file(manifest);
  text.replace(text.find(sha256_hex("{}")), 64, sha256_hex("[]"));
  write_file(manifest, text);
  EXPECT_EQ(verify_cache(home_, {}).at(0).files.at(1).status, CacheStatus::hash_mismatch);
}

TEST_F(CacheMaintenance, MissingBlobsMakeAPackageIncompleteAndNoFilesMakeItMissing) {
  load();
  fs::remove(blob("{}"));
  EXPECT_EQ(verify_cache(home_, {}).at(0).status, CacheStatus::incomplete);
  EXPECT_EQ(verify_cache(home_, {}).at(0).files.at(1).status, CacheStatus::missing);
  fs::remove_all(home_.blobs());
  EXPECT_EQ(verify_cache(home_, {}).at(0).status, CacheStatus::missing);
  EXPECT_FALSE(list_cache(home_).at(0).complete);
}

TEST_F(CacheMaintenance, ManifestsThatCannotBeReadMakeAPackageMalformed) {
  load();
  for (const std::string text : {"{", R"({"package_artifacts": [{"file_handle": "../../x"}]})"}) {
    write_file(folder_of() / "model_config.json", text);
    EXPECT_EQ(verify_cache(home_, {}).at(0).status, CacheStatus::malformed) << text;
  }
}

TEST_F(CacheMaintenance, AFolderInThePlaceOfAFileIsUnreadable) {
  load();
  fs::remove(blob("{}"));
  fs::create_directories(blob("{}"));
  EXPECT_EQ(verify_cache(home_, {}).at(0).files.at(1).status, CacheStatus::unreadable);
}

TEST_F(CacheMaintenance, VerifiesOneModelByItsIdOrAlias) {
  load();
  load_other_model();
  record_offline_model(home_, sample_model(), {.requested_model = "yolov8n-640"}, access_);
  EXPECT_EQ(verify_cache(home_, "coco/5").size(), 1U);
  const std::vector<VerifiedPackage> packages = verify_cache(home_, "yolov8n-640");
  ASSERT_EQ(packages.size(), 1U);
  EXPECT_EQ(packages[0].model_id, "coco/3");
  EXPECT_THAT(verify_cache(home_, "unknown"), IsEmpty());
}

// --- prune ---

TEST_F(CacheMaintenance, ACacheInUseIsLeftAlone) {
  store_choice(std::string(64, 'a'), load(), now_);
  load_other_model();
  const PrunedCache pruned = prune();
  EXPECT_THAT(pruned.removed, IsEmpty());
  EXPECT_EQ(pruned.bytes, 0U);
  for (const VerifiedPackage& package : verify_cache(home_, {})) EXPECT_EQ(package.status, CacheStatus::ok);
}

TEST_F(CacheMaintenance, UnusedBlobsGoWithTheirHashes) {
  load();
  const fs::path unused = blob("unused");
  write_file(unused, "unused");
  write_file(home_.blob_sha256(md5_of("unused")), sha256_hex("unused"));
  const PrunedCache pruned = prune();
  EXPECT_THAT(pruned.removed, UnorderedElementsAre(unused, home_.blob_sha256(md5_of("unused"))));
  EXPECT_EQ(pruned.bytes, 6U + 64U);
  EXPECT_FALSE(fs::exists(unused));
  EXPECT_TRUE(fs::exists(blob("{}")));
}

TEST_F(CacheMaintenance, BlobsThatOlderLayoutsUseStay) {
  write_file(blob("old"), "old");
  fs::create_directories(home_.models() / "coco" / "3" / "abc");
  fs::create_symlink(blob("old"), home_.models() / "coco" / "3" / "abc" / "weights.onnx");
  EXPECT_THAT(prune().removed, IsEmpty());
}

TEST_F(CacheMaintenance, BrokenLinksGo) {
  load();
  fs::remove(blob("{}"));
  EXPECT_THAT(prune().removed,
              UnorderedElementsAre(folder_of() / "inference_config.json", home_.blob_sha256(md5_of("{}"))));
  EXPECT_FALSE(fs::is_symlink(folder_of() / "inference_config.json"));
}

TEST_F(CacheMaintenance, ACacheThatMovedKeepsItsBlobs) {
  load();
  fs::rename(home_.root(), base_ / "moved");
  const CacheHome moved(base_ / "moved");
  EXPECT_EQ(prune_cache(moved, {}).removed.size(), 3U) << "the links, which lead to the old place";
  EXPECT_TRUE(has_all_files(moved, "coco/3", sample_package()));
}

TEST_F(CacheMaintenance, InterruptedDownloadsGoUnlessTheyAreUnderWay) {
  load();
  const auto part_of = [&](const std::string& md5) { return home_.blobs() / ("." + md5 + ".part"); };
  const std::string stale = md5_of("stale");
  const std::string busy = md5_of("busy");
  for (const std::string& md5 : {stale, busy}) {
    write_file(part_of(md5), "part");
    write_file(part_of(md5).string() + ".json", "{}");
  }
  write_file(folder_of() / ".extra.json.part", "part");
  write_file(home_.blobs() / (stale + ".9b2d1f0e-uuid"), "left by the original");
  const FileLock held(lock_file_of(home_.blob(busy)), 1s);
  EXPECT_THAT(prune().removed,
              UnorderedElementsAre(part_of(stale), part_of(stale).string() + ".json", folder_of() / ".extra.json.part",
                                   home_.blobs() / (stale + ".9b2d1f0e-uuid")));
  EXPECT_TRUE(fs::exists(part_of(busy)));
}

TEST_F(CacheMaintenance, TemporaryFilesGoWhenTheyAreOld) {
  load();
  const std::vector<fs::path> files{temporary_name_for(folder_of() / "model_config.json"),
                                    temporary_name_for(home_.blobs() / "x"),
                                    temporary_name_for(home_.resolution_entries() / "x.json"),
                                    temporary_name_for(home_.offline_records() / "x.json")};
  for (const fs::path& file : files) write_file(file, "half");
  EXPECT_THAT(prune().removed, IsEmpty());
  now_ += 2h;
  EXPECT_THAT(prune().removed, ::testing::UnorderedElementsAreArray(files));
}

TEST_F(CacheMaintenance, StaleChoicesGo) {
  const MaterializedPackage files = load();
  store_choice(std::string(64, 'a'), files, now_);
  store_choice(std::string(64, 'b'), files, now_ - 1441min);
  write_file(home_.resolution_entry(std::string(64, 'c')), "{");
  EXPECT_THAT(prune().removed, UnorderedElementsAre(home_.resolution_entry(std::string(64, 'b')),
                                                    home_.resolution_entry(std::string(64, 'c'))));
}

TEST_F(CacheMaintenance, AModelGoesWithAllThatOnlyItUses) {
  store_choice(std::string(64, 'a'), load(), now_);
  load_other_model();
  record_offline_model(home_, sample_model(), {.requested_model = "yolov8n-640"}, access_);
  const std::vector<fs::path> expected{folder_of(), home_.offline_record("coco/3"), blob("weights?signature=abc"),
                                       home_.blob_sha256(md5_of("weights?signature=abc")),
                                       home_.resolution_entry(std::string(64, 'a'))};
  const std::vector<std::string> before = all_names();
  EXPECT_THAT(prune("yolov8n-640", true).removed, ::testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(all_names(), before) << "a rehearsal changes nothing";

  EXPECT_THAT(prune("yolov8n-640").removed, ::testing::UnorderedElementsAreArray(expected));
  const std::vector<CachedPackage> left = list_cache(home_);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].model_id, "coco/5");
  EXPECT_EQ(verify_cache(home_, {}).at(0).status, CacheStatus::ok);
}

TEST_F(CacheMaintenance, WhatALoadUnderWayNeedsStays) {
  load();
  write_file(blob("just downloaded, not linked yet"), "x");
  const FileLock held(home_.materialization_lock("coco/3", "0a1b2c3d"), 1s);
  record_offline_model(home_, sample_model(), {}, access_);
  EXPECT_THAT(prune("coco/3").removed, IsEmpty());
  EXPECT_TRUE(fs::exists(folder_of()));
}

TEST_F(CacheMaintenance, NoPackageIsBegunDuringACleanUp) {
  fs::create_directories(home_.models());
  const FileLock cleaning(home_.prune_lock(), 1s);
  settings_.download.lock_timeout = 20ms;
  EXPECT_THROW(load(), FileLockTimeoutError);
}

TEST_F(CacheMaintenance, PruningFollowsNoLinks) {
  const fs::path precious = outside() / "sub" / ".x.part";
  write_file(precious, "data");
  fs::create_symlink(base_ / "absent", outside() / "sub" / "dangling");
  load();
  fs::create_directory_symlink(outside(), folder_of() / "linked");
  fs::create_directory_symlink(outside(), home_.model_folder("coco/3") / "linked");
  fs::create_directory_symlink(outside(), home_.models() / "v2-linked");
  fs::create_directory_symlink(outside(), home_.model_folder("coco/9"));
  prune("coco/9");
  prune("coco/3");
  EXPECT_FALSE(fs::exists(folder_of()));
  EXPECT_EQ(read_file(precious), "data");
  EXPECT_TRUE(fs::is_symlink(outside() / "sub" / "dangling"));
}

TEST_F(CacheMaintenance, HardLinkedBlobsAreInUse) {
  settings_.links.symbolic = [](const fs::path&, const fs::path&) {
    return std::make_error_code(std::errc::operation_not_permitted);
  };
  load();
  fs::remove(folder_of() / "model_config.json");
  EXPECT_THAT(prune().removed, IsEmpty());
}

}  // namespace
}  // namespace inference_exp::hub
