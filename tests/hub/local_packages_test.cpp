#include "hub/local_packages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "hub/atomic_file.hpp"
#include "hub/cache_fixture.hpp"
#include "hub/cache_maintenance.hpp"
#include "hub/file_lock.hpp"
#include "hub/resolution_cache.hpp"
#include "hub/staging_folder.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::md5_of;
using testing::sample_model;
using ::testing::SizeIs;
using testing::write_file;

constexpr const char* kId = "localtrt0123456789ab";

class LocalPackagesTest : public testing::CacheTest {
 protected:
  LocalPackagesTest() : model_(sample_model()), folder_(home_.package_folder(model_.model_id, kId)) {
    document_ = {{"packageManifest",
                  {{"type", "trt-model-package-v1"},
                   {"backendType", "trt"},
                   {"dynamicBatchSize", true},
                   {"minBatchSize", 1},
                   {"optBatchSize", 2},
                   {"maxBatchSize", 4},
                   {"quantization", "fp16"},
                   {"cudaDeviceType", "tesla-t4"},
                   {"cudaDeviceCC", "7.5"},
                   {"cudaVersion", "12.4"},
                   {"trtVersion", "10.3.0.30"},
                   {"machineType", "gpu-server"},
                   {"machineSpecs",
                    {{"type", "gpu-server-specs-v1"}, {"driverVersion", "550.1"}, {"osVersion", "ubuntu-22.04"}}}}},
                 {"modelArchitecture", model_.architecture},
                 {"taskType", model_.task},
                 {"accuracy", {{"images", 1}}}};
    add("engine.plan", "engine");
    add("trt_config.json", "{}");
    add("class_names.txt", "cat\n");
    add("inference_config.json", "{\"a\": 1}");
    write_document();
  }

  void add(const std::string& handle, const std::string& content) {
    write_file(folder_ / handle, content);
    document_["files"][handle] = md5_of(content);
  }
  void write_document() { write_file(folder_ / kLocalPackageManifest, document_.dump()); }
  /// Why the package is passed over; empty when it is found.
  [[nodiscard]] std::string reason() const {
    const LocalPackages found = find_local_packages(home_, model_, LocalCheck::hashes);
    EXPECT_EQ(found.packages.size() + found.skipped.size(), 1U);
    return found.skipped.empty() ? std::string() : found.skipped.front().reason;
  }

  ModelMetadata model_;
  fs::path folder_;
  Json document_;
};

TEST_F(LocalPackagesTest, JoinWhatTheProviderAnnounces) {
  join_local_packages(home_, model_, LocalCheck::hashes);
  ASSERT_THAT(model_.packages, SizeIs(2));
  const PackageMetadata& package = model_.packages[1];
  EXPECT_EQ(package.id, kId);
  EXPECT_EQ(package.backend, "trt");
  EXPECT_EQ(package.quantization, Quantization::fp16);
  EXPECT_EQ(package.batch.max, 4);
  EXPECT_FALSE(package.trusted);
  EXPECT_EQ(std::get<TrtPackageDetails>(package.details).trt_version, "10.3.0.30");
  EXPECT_THAT(local_package_ids(model_), ElementsAre(kId));
  EXPECT_THAT(without_local_packages(model_).packages, SizeIs(1));
}

TEST_F(LocalPackagesTest, NothingSaysThatOneIsTrusted) {
  document_["trustedSource"] = true;
  document_["packageManifest"]["trustedSource"] = true;
  write_document();
  EXPECT_FALSE(find_local_packages(home_, model_, LocalCheck::hashes).packages.at(0).metadata.trusted);
}

TEST_F(LocalPackagesTest, FeaturesAndRecommendationsComeAlong) {
  document_["modelFeatures"] = {{"something", {{"a", 1}}}};
  document_["recommendedParameters"] = {{"confidence", 0.25}};
  write_document();
  const PackageMetadata package = find_local_packages(home_, model_, LocalCheck::hashes).packages.at(0).metadata;
  EXPECT_TRUE(package.features.contains("something"));
  EXPECT_EQ(package.recommended->confidence, 0.25);
}

TEST_F(LocalPackagesTest, KeyPointsAndTheCachesOwnFilesMayBeThere) {
  add("keypoints_metadata.json", "[]");
  write_document();
  write_file(folder_ / "model_config.json", "{}");
  write_file(folder_ / ".model_config.json.lock", "");
  EXPECT_EQ(reason(), "");
}

TEST_F(LocalPackagesTest, AChangedFileIsNoticedThoughItWasReadBefore) {
  EXPECT_EQ(reason(), "");
  write_file(folder_ / "engine.plan", "ENGINE");
  EXPECT_THAT(reason(), HasSubstr("engine.plan does not have the MD5"));
  write_file(folder_ / "engine.plan", "engine");
  EXPECT_EQ(reason(), "");
}

TEST_F(LocalPackagesTest, EnginesAreNotReadForThoseWhoMayNotChooseThem) {
  write_file(folder_ / "engine.plan", "ENGINE");
  EXPECT_THAT(find_local_packages(home_, model_, LocalCheck::manifest).packages, SizeIs(1));
  EXPECT_THAT(find_local_packages(home_, model_, LocalCheck::hashes).packages, IsEmpty());
  write_file(folder_ / "plugin.so", "code");
  EXPECT_THAT(find_local_packages(home_, model_, LocalCheck::manifest).packages, IsEmpty());
  fs::remove(folder_ / "plugin.so");
  fs::remove(folder_ / "engine.plan");
  fs::create_directory(folder_ / "engine.plan");
  EXPECT_THAT(find_local_packages(home_, model_, LocalCheck::manifest).packages, IsEmpty());
}

TEST_F(LocalPackagesTest, TheSoundnessOfOneDoesNotDependOnOthers) {
  const fs::path damaged = folder_.parent_path() / "localtrtffffffffffff";
  fs::copy(folder_, damaged);
  write_file(damaged / "engine.plan", "ENGINE");
  EXPECT_TRUE(is_sound_local_package(home_, model_, kId));
  EXPECT_FALSE(is_sound_local_package(home_, model_, damaged.filename().string()));
  EXPECT_FALSE(is_sound_local_package(home_, model_, "localtrt000000000000"));
  EXPECT_FALSE(is_sound_local_package(home_, model_, "../elsewhere"));
}

TEST_F(LocalPackagesTest, LinksAreNotFollowed) {
  write_file(home_.root() / "elsewhere", "engine");
  fs::remove(folder_ / "engine.plan");
  fs::create_symlink(home_.root() / "elsewhere", folder_ / "engine.plan");
  EXPECT_THAT(reason(), HasSubstr("engine.plan is a symbolic link"));
}

TEST_F(LocalPackagesTest, ALinkedFolderIsNotFollowed) {
  fs::rename(folder_, home_.root() / "elsewhere");
  fs::create_directory_symlink(home_.root() / "elsewhere", folder_);
  EXPECT_THAT(reason(), HasSubstr("not a folder"));
}

TEST_F(LocalPackagesTest, AFileThatNobodyNamedIsRefused) {
  write_file(folder_ / "plugin.so", "code");
  EXPECT_THAT(reason(), HasSubstr("plugin.so"));
  add("plugin.so", "code");
  write_document();
  EXPECT_THAT(reason(), HasSubstr("may not have"));
}

TEST_F(LocalPackagesTest, AMissingFileIsRefused) {
  fs::remove(folder_ / "trt_config.json");
  EXPECT_THAT(reason(), HasSubstr("trt_config.json is missing"));
  document_["files"].erase("trt_config.json");
  write_document();
  EXPECT_THAT(reason(), HasSubstr("does not name trt_config.json"));
}

TEST_F(LocalPackagesTest, OnlyPackagesOfTheSameKindOfModelAreTaken) {
  document_["modelArchitecture"] = "rfdetr";
  write_document();
  EXPECT_THAT(reason(), HasSubstr("it was compiled for \"rfdetr\""));
}

TEST_F(LocalPackagesTest, AManifestThatMakesNoSenseIsRefused) {
  document_["packageManifest"].erase("maxBatchSize");
  write_document();
  EXPECT_THAT(reason(), HasSubstr("dynamic batch size"));
  write_file(folder_ / kLocalPackageManifest, "{");
  EXPECT_THAT(reason(), HasSubstr(std::string(kLocalPackageManifest)));
  fs::remove(folder_ / kLocalPackageManifest);
  EXPECT_THAT(reason(), HasSubstr("is missing"));
  document_["packageManifest"] = {{"type", "onnx-model-package-v1"},
                                  {"backendType", "onnx"},
                                  {"quantization", "fp32"},
                                  {"opset", 17},
                                  {"staticBatchSize", 1}};
  write_document();
  EXPECT_THAT(reason(), HasSubstr("not that of a TensorRT package"));
}

TEST_F(LocalPackagesTest, AnIdOfThisMachineIsRefusedFromAProvider) {
  fs::remove_all(folder_);
  PackageMetadata announced = testing::sample_package(kId);
  model_.packages.push_back(announced);
  join_local_packages(home_, model_, LocalCheck::hashes);
  EXPECT_THAT(model_.packages, SizeIs(1));
  ASSERT_THAT(model_.skipped, SizeIs(1));
  EXPECT_THAT(model_.skipped[0].reason, HasSubstr("The provider announces it"));
}

TEST_F(LocalPackagesTest, FilesAreWhereTheyLie) {
  const PackageMetadata package = find_local_packages(home_, model_, LocalCheck::hashes).packages.at(0).metadata;
  const MaterializedPackage files = local_package_files(home_, model_, package);
  EXPECT_EQ(files.folder, folder_);
  EXPECT_THAT(files.files, SizeIs(4));
  EXPECT_EQ(files.bytes, std::string("enginecat\n{}{\"a\": 1}").size());
  write_file(folder_ / "engine.plan", "another");
  EXPECT_THROW((void)local_package_files(home_, model_, package), CorruptedModelPackageError);
}

TEST_F(LocalPackagesTest, TheIdComesFromTheManifestWhateverTheOrderOfItsKeys) {
  const std::string id = local_package_id(Json::parse(R"({"a": 1, "b": "x"})"));
  EXPECT_THAT(id, ::testing::MatchesRegex("localtrt[0-9a-f]{12}"));
  EXPECT_EQ(local_package_id(Json::parse(R"({"b": "x", "a": 1})")), id);
  EXPECT_NE(local_package_id(Json::parse(R"({"b": "x", "a": 2})")), id);
}

TEST_F(LocalPackagesTest, ACleanUpRemovesWhatAKilledCompilationLeft) {
  const fs::path left = temporary_name_for(folder_.parent_path() / kLocalPackagePrefix);
  write_file(left / "engine.plan", "half");
  const fs::path lock_file = materialization_lock_of(folder_.parent_path() / kLocalPackagePrefix);
  {
    const FileLock compiling(lock_file, std::chrono::milliseconds(0));
    EXPECT_THAT(prune_cache(home_, {}).removed, IsEmpty());
  }
  EXPECT_TRUE(fs::exists(left));
  EXPECT_THAT(prune_cache(home_, {}).removed, ElementsAre(left));
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(reason(), "");
}

TEST_F(LocalPackagesTest, ANewOneOutdatesCachedChoices) {
  ResolutionEntry entry;
  entry.model_id = entry.canonical_model_id = entry.cache_model_id = model_.model_id;
  entry.package_id = model_.packages[0].id;
  entry.trusted = true;
  entry.credential_hash = credential_hash_of("");
  load(model_, model_.packages[0]);
  EXPECT_FALSE(usable_folder(home_, entry, model_.model_id, {}, "", access_).has_value());
  entry.local_packages = {kId};
  EXPECT_TRUE(usable_folder(home_, entry, model_.model_id, {}, "", access_).has_value());
  const ResolutionCache cache(home_, std::chrono::minutes(10));
  cache.store("key", entry, "", access_);
  EXPECT_THAT(cache.retrieve("key", access_)->local_packages, ElementsAre(kId));
}

TEST_F(LocalPackagesTest, ChoicesOfTheModelCanBeForgotten) {
  const ResolutionCache cache(home_, std::chrono::minutes(10));
  ResolutionEntry entry;
  entry.model_id = "an alias";
  entry.cache_model_id = model_.model_id;
  cache.store("ours", entry, "", access_);
  entry.cache_model_id = "another model";
  cache.store("theirs", entry, "", access_);
  forget_choices(home_, model_.model_id, access_);
  EXPECT_FALSE(cache.retrieve("ours", access_).has_value());
  EXPECT_TRUE(cache.retrieve("theirs", access_).has_value());
  EXPECT_EQ(access_.count("deleted"), 1U);
}

class StagingFolderTest : public testing::CacheTest {
 protected:
  StagingFolderTest() { make_folder(home_.models()); }
  [[nodiscard]] fs::path target() const { return home_.models() / "package"; }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(home_.models()), fs::directory_iterator());
  }
};

TEST_F(StagingFolderTest, WhatIsNotPublishedGoes) {
  {
    const StagingFolder staging(target());
    write_file(staging.path() / "file", "text");
    EXPECT_TRUE(is_temporary_name(staging.path().filename().string()));
  }
  EXPECT_EQ(entries(), 0);
}

TEST_F(StagingFolderTest, AppearsWholeAndMayReplaceWhatIsThere) {
  for (const char* text : {"first", "second"}) {
    StagingFolder staging(target());
    write_file(staging.path() / "file", text);
    staging.publish(target(), StagingFolder::Existing::replace);
  }
  EXPECT_EQ(testing::read_file(target() / "file"), "second");
  EXPECT_EQ(entries(), 1);
}

TEST_F(StagingFolderTest, NeverReplacesWhatItMayNot) {
  write_file(target() / "file", "precious");
  {
    StagingFolder staging(target());
    write_file(staging.path() / "file", "new");
    EXPECT_THROW(staging.publish(target(), StagingFolder::Existing::refuse), ModelCacheError);
  }
  EXPECT_EQ(testing::read_file(target() / "file"), "precious");
  EXPECT_EQ(entries(), 1);
  EXPECT_THROW(StagingFolder(home_.root() / "nowhere" / "package"), ModelCacheError);
}

}  // namespace
}  // namespace inference_exp::hub
