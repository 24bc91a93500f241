#include "hub/materialize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "hub/cache_fixture.hpp"
#include "hub/file_lock.hpp"
#include "hub/part_file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using testing::hashed_file;
using testing::md5_of;
using testing::read_file;
using testing::sample_model;
using testing::sample_package;
using testing::unhashed_file;
using ::testing::UnorderedElementsAre;
using testing::write_file;

class Materialize : public testing::CacheTest {
 protected:
  MaterializedPackage put(const PackageMetadata& package = sample_package()) {
    return materialize(home_, sample_model({package}), package, settings_, download_, access_);
  }
  void expect_nothing_written() const { EXPECT_FALSE(fs::exists(home_.root())); }
};

TEST_F(Materialize, LinksHashedFilesToBlobsByMd5) {
  const MaterializedPackage package = put();
  EXPECT_EQ(package.folder, folder_of());
  EXPECT_TRUE(package.fetched);
  EXPECT_EQ(package.bytes, 21U + 8U + 2U);
  const fs::path blob = home_.blob(md5_of("weights?signature=abc"));
  EXPECT_EQ(fs::read_symlink(package.folder / "weights.onnx"), blob);
  EXPECT_EQ(read_file(blob), "weights?signature=abc");
  EXPECT_EQ(read_file(package.folder / "class_names.txt"), "cat\ndog\n");
  ASSERT_EQ(package.files.size(), 3U);
  EXPECT_EQ(package.files[2].sha256, sha256_hex("{}"));
  EXPECT_FALSE(fs::exists(package.folder / "model_config.json")) << "written when the model was built";
  EXPECT_EQ(package.resolved_files().size(), 7U) << "3 blobs, 3 links, the manifest";
}

// Section 1.5 counts 5 created files, 3 renames and 3 links for a first load of 3 hashed files. 4 and the rest are seen
// here: the fifth file is the entry of the resolution cache, which its own test counts.
TEST_F(Materialize, TellsTheAccessManagerWhatItWrites) {
  load();
  EXPECT_EQ(access_.count("created"), 4U) << "3 downloads, 1 manifest";
  EXPECT_EQ(access_.count("renamed"), 3U);
  EXPECT_EQ(access_.count("linked"), 3U);
  EXPECT_EQ(access_.total(), 10U);
}

TEST_F(Materialize, TheSecondTimeTouchesNothing) {
  load();
  const std::size_t events = access_.total();
  const FileLock held(home_.materialization_lock("coco/3", "0a1b2c3d"), settings_.download.lock_timeout);
  const MaterializedPackage again = load();
  EXPECT_FALSE(again.fetched);
  EXPECT_EQ(again.bytes, 31U);
  EXPECT_EQ(download_.calls, 1);
  EXPECT_EQ(access_.total(), events);
}

TEST_F(Materialize, WritesTheManifestAfterwards) {
  load(sample_model(), sample_package(), {.api_key = "key", .license = "AGPL-3.0-only"});
  const auto manifest = read_package_manifest(folder_of());
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->offline_manifest_version, 4);
  EXPECT_EQ(manifest->model_id, "coco/3");
  EXPECT_EQ(manifest->canonical_model_id, "coco/3");
  EXPECT_EQ(manifest->model_architecture, "yolov8");
  EXPECT_EQ(manifest->task_type, "object-detection");
  EXPECT_EQ(manifest->backend_type, "onnx");
  EXPECT_EQ(manifest->license, "AGPL-3.0-only");
  ASSERT_EQ(manifest->package_artifacts.size(), 3U);
  const packages::PackageArtifact& first = manifest->package_artifacts[0];
  EXPECT_EQ(first.file_handle, "class_names.txt");
  EXPECT_EQ(first.md5_hash, md5_of("cat\ndog\n"));
  EXPECT_EQ(first.sha256_hash, sha256_hex("cat\ndog\n"));
  EXPECT_FALSE(first.unhashed);
}

TEST_F(Materialize, PackagesShareBlobsAndTheirHashes) {
  load();
  PackageMetadata second = sample_package("ffff");
  second.files.push_back(hashed_file("extra.json", "[]"));
  load(second);
  EXPECT_EQ(download_.files, 4) << "only the file that the first package lacks";
  const auto manifest = read_package_manifest(folder_of(second));
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->package_artifacts[0].sha256_hash, sha256_hex("cat\ndog\n"));
}

TEST_F(Materialize, AliasesShareTheFolderOfTheCanonicalId) {
  load();
  ModelMetadata by_alias = sample_model();
  load(by_alias, sample_package());
  EXPECT_EQ(download_.calls, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(home_.blobs()), {}), 6) << "3 blobs and their hashes";
}

TEST_F(Materialize, OneBlobMayHaveTwoNamesInAPackage) {
  PackageMetadata package = sample_package();
  package.files = {hashed_file("a.json", "{}"), hashed_file("nested/b.json", "{}")};
  const MaterializedPackage files = load(package);
  EXPECT_EQ(download_.files, 1);
  EXPECT_EQ(read_file(files.folder / "nested" / "b.json"), "{}");
}

TEST_F(Materialize, ABlobWithoutAKeptHashIsHashedOnce) {
  write_file(home_.blob(md5_of("{}")), "{}");
  load();
  EXPECT_EQ(download_.files, 2);
  EXPECT_EQ(read_package_manifest(folder_of())->package_artifacts[1].sha256_hash, sha256_hex("{}"));
}

TEST_F(Materialize, ADamagedBlobIsNotRecordedAsGood) {
  write_file(home_.blob(md5_of("{}")), "damaged");
  EXPECT_THROW(load(), CorruptedModelPackageError);
  EXPECT_FALSE(read_package_manifest(folder_of()));
}

// --- files without hash ---

TEST_F(Materialize, FilesWithoutHashAreRefusedBeforeAnythingIsWritten) {
  PackageMetadata package = sample_package();
  package.files.push_back(unhashed_file("extra.json", "{}"));
  EXPECT_THROW(put(package), UntrustedFileError);
  EXPECT_EQ(download_.calls, 0);
  expect_nothing_written();
}

TEST_F(Materialize, FilesWithoutHashLieInThePackage) {
  settings_.allow_unhashed = true;
  PackageMetadata package = sample_package();
  package.files.push_back(unhashed_file("nested/extra.json", "[1]"));
  const MaterializedPackage files = load(package);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(files.folder / "nested/extra.json")));
  EXPECT_EQ(files.resolved_files().size(), 8U);
  const auto manifest = read_package_manifest(files.folder);
  const packages::PackageArtifact& extra = manifest->package_artifacts[2];
  EXPECT_EQ(extra.file_handle, "nested/extra.json");
  EXPECT_TRUE(extra.unhashed);
  EXPECT_EQ(extra.md5_hash, std::nullopt);
  EXPECT_EQ(extra.sha256_hash, sha256_hex("[1]"));
  EXPECT_EQ(extra.storage, packages::PackageArtifact::Storage::package_file);
  load(package);
  EXPECT_EQ(download_.calls, 1);
}

// --- what must not be written ---

TEST_F(Materialize, HostileNamesAreRefusedBeforeAnythingIsWritten) {
  for (const char* handle : {"../evil", "/tmp/evil", "model_config.json", "a/../../evil"}) {
    PackageMetadata package = sample_package();
    package.files.push_back(hashed_file(handle, "evil"));
    EXPECT_THROW(put(package), CorruptedModelPackageError) << handle;
  }
  PackageMetadata package = sample_package();
  package.files[0].md5 = "../../evil";
  EXPECT_THROW(put(package), CorruptedModelPackageError);
  EXPECT_THROW(put(sample_package("../evil")), InsecureModelIdentifierError);
  EXPECT_EQ(download_.calls, 0);
  expect_nothing_written();
}

TEST_F(Materialize, NothingIsWrittenBehindALinkedFolder) {
  fs::create_directories(outside());
  PackageMetadata package = sample_package();
  package.files.push_back(hashed_file("nested/x.json", "[]"));
  fs::create_directories(folder_of());
  fs::create_directory_symlink(outside(), folder_of() / "nested");
  EXPECT_THROW(put(package), ModelCacheError);

  fs::remove_all(folder_of());
  fs::create_directory_symlink(outside(), folder_of());
  EXPECT_THROW(put(), ModelCacheError);

  fs::remove_all(folder_of().parent_path());
  fs::create_directory_symlink(outside(), folder_of().parent_path());
  EXPECT_THROW(put(), ModelCacheError);
  EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(Materialize, PlantedLinksAreReplacedAndNotFollowed) {
  write_file(outside(), "precious");
  settings_.allow_unhashed = true;
  PackageMetadata package = sample_package();
  package.files.push_back(unhashed_file("extra.json", "[1]"));
  fs::create_directories(folder_of());
  fs::create_directories(home_.blobs());
  fs::create_symlink(outside(), folder_of() / "extra.json");
  fs::create_symlink(outside(), folder_of() / "weights.onnx");
  fs::create_symlink(base_ / "absent", home_.blob(md5_of("{}")));
  put(package);
  EXPECT_EQ(read_file(outside()), "precious");
  EXPECT_FALSE(fs::exists(base_ / "absent"));
  EXPECT_EQ(read_file(folder_of() / "extra.json"), "[1]");
  EXPECT_EQ(read_file(folder_of() / "weights.onnx"), "weights?signature=abc");
  EXPECT_EQ(read_file(folder_of() / "inference_config.json"), "{}");
  EXPECT_EQ(access_.count("unlinked"), 2U);
}

TEST_F(Materialize, ALinkedManifestIsNeitherReadNorWritten) {
  write_file(outside(), "{}");
  fs::create_directories(folder_of());
  fs::create_symlink(outside(), folder_of() / "model_config.json");
  EXPECT_THROW(load(), ModelCacheError);
  EXPECT_EQ(read_file(outside()), "{}");
}

TEST_F(Materialize, AManifestOfSomethingElseStays) {
  load();
  PackageMetadata changed = sample_package();
  changed.files[0] = hashed_file("weights.onnx", "other weights");
  const std::string before = read_file(folder_of() / "model_config.json");
  EXPECT_THROW(load(changed), ModelCacheError);
  EXPECT_EQ(download_.calls, 1);
  EXPECT_EQ(read_file(folder_of() / "model_config.json"), before);
  EXPECT_EQ(read_file(folder_of() / "weights.onnx"), "weights?signature=abc");
}

TEST_F(Materialize, AManifestThatWasDamagedIsMadeAnew) {
  load();
  write_file(folder_of() / "model_config.json", "{ not JSON");
  load();
  EXPECT_EQ(read_package_manifest(folder_of())->model_id, "coco/3");
}

TEST_F(Materialize, NewRecommendationsReachTheManifest) {
  load(sample_model(), sample_package(), {.api_key = "", .license = "MIT"});
  PackageMetadata changed = sample_package();
  changed.recommended = RecommendedParameters{0.37, {}};
  load(changed);
  const auto manifest = read_package_manifest(folder_of());
  EXPECT_EQ(manifest->recommended_parameters->confidence, 0.37);
  EXPECT_EQ(manifest->license, "MIT") << "kept";
}

// --- repair, copies, sharing ---

TEST_F(Materialize, AMissingBlobIsFetchedAgain) {
  load();
  fs::remove(home_.blob(md5_of("{}")));
  load();
  EXPECT_EQ(download_.files, 4);
  EXPECT_EQ(read_file(folder_of() / "inference_config.json"), "{}");
}

TEST_F(Materialize, ACopyWithItsLinksDereferencedNeedsNoBlobs) {
  load();
  const CacheHome copy(base_ / "copy");
  for (const char* name : {"weights.onnx", "class_names.txt", "inference_config.json", "model_config.json"}) {
    write_file(copy.package_folder("coco/3", "0a1b2c3d") / name, read_file(folder_of() / name));
  }
  const MaterializedPackage files = materialize(copy, sample_model(), sample_package(), settings_, download_, access_);
  finish_package(copy, sample_model(), sample_package(), files, {}, access_);
  EXPECT_EQ(download_.calls, 1);
  EXPECT_TRUE(has_all_files(copy, "coco/3", sample_package()));
  EXPECT_EQ(files.resolved_files().size(), 4U) << "no blobs";
}

TEST_F(Materialize, ACacheThatMovedGetsItsLinksBack) {
  load();
  fs::rename(home_.root(), base_ / "moved");
  const CacheHome moved(base_ / "moved");
  EXPECT_TRUE(has_all_files(moved, "coco/3", sample_package()));
  const MaterializedPackage files = materialize(moved, sample_model(), sample_package(), settings_, download_, access_);
  EXPECT_EQ(download_.calls, 1) << "no network";
  EXPECT_EQ(fs::read_symlink(files.folder / "inference_config.json"), moved.blob(md5_of("{}")));
}

TEST_F(Materialize, TwoThreadsFetchOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { load(); });
  threads.clear();
  EXPECT_EQ(download_.calls, 1);
  EXPECT_EQ(access_.count("linked"), 3U);
  EXPECT_TRUE(read_package_manifest(folder_of()));
}

TEST_F(Materialize, ALockThatIsHeldForTooLongIsItsOwnError) {
  const fs::path lock_file = home_.materialization_lock("coco/3", "0a1b2c3d");
  fs::create_directories(lock_file.parent_path());
  const FileLock held(lock_file, settings_.download.lock_timeout);
  settings_.download.lock_timeout = std::chrono::milliseconds{20};
  EXPECT_THROW(put(), FileLockTimeoutError);
  EXPECT_EQ(download_.calls, 0);
}

TEST_F(Materialize, ADownloadOfSeveralFilesThatGrowIsWaitedForLongerThanTheTimeout) {
  settings_.download.lock_timeout = std::chrono::milliseconds{500};
  std::latch downloading(1);
  const auto slow = [&](std::span<const DownloadTask> tasks, const DownloadSettings& settings) {
    for (int i = 0; i < 24; ++i) {
      for (const DownloadTask& task : tasks) {
        write_file(part_path_of(task.target), std::string(static_cast<std::size_t>(i), 'x'));
      }
      if (i == 0) downloading.count_down();
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    return download_(tasks, settings);
  };
  const std::jthread holder(
      [&] { (void)materialize(home_, sample_model(), sample_package(), settings_, slow, access_); });
  downloading.wait();
  const MaterializedPackage waited = put();
  EXPECT_FALSE(waited.fetched);
  EXPECT_EQ(download_.calls, 1);
}

TEST_F(Materialize, AFailedDownloadComesOutAsItIs) {
  const auto fail = [](std::span<const DownloadTask>, const DownloadSettings&) -> std::vector<DownloadedFile> {
    throw RetryError("The server is gone.");
  };
  EXPECT_THROW((void)materialize(home_, sample_model(), sample_package(), settings_, fail, access_), RetryError);
  put();
  EXPECT_TRUE(has_all_files(home_, "coco/3", sample_package())) << "the next try goes on";
}

TEST_F(Materialize, ADownloadThatLeavesNoFileIsACacheError) {
  const auto forget = [](std::span<const DownloadTask> tasks, const DownloadSettings&) {
    return std::vector<DownloadedFile>(tasks.size());
  };
  EXPECT_THROW((void)materialize(home_, sample_model(), sample_package(), settings_, forget, access_), ModelCacheError);
}

TEST_F(Materialize, ACacheThatCannotBeWrittenIsACacheError) {
  write_file(home_.root(), "a file in its place");
  EXPECT_THROW(put(), ModelCacheError);
}

/// For a while this process is another user; only root can do that. Permissions bind it from then on.
class AsUser {
 public:
  explicit AsUser(uid_t user) { EXPECT_EQ(::seteuid(user), 0); }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;
  ~AsUser() { EXPECT_EQ(::seteuid(0), 0); }
};

TEST_F(Materialize, AReadOnlyCacheIsACacheErrorOnlyWhereSomethingIsMissing) {
  const mode_t mask = ::umask(0022);
  load();
  fs::permissions(base_, fs::perms(0755));
  const std::vector<fs::path> folders{home_.blobs(), folder_of(), folder_of().parent_path(), home_.models()};
  for (const fs::path& folder : folders) fs::permissions(folder, fs::perms(0555));
  std::optional<AsUser> user;
  if (::geteuid() == 0) user.emplace(65534);
  EXPECT_NO_THROW(load());
  EXPECT_THROW(load(sample_package("ffff")), ModelCacheError);
  user.reset();
  for (const fs::path& folder : folders) fs::permissions(folder, fs::perms(0755));
  ::umask(mask);
}

TEST_F(Materialize, TwoUsersShareACacheThatBothMayWriteTo) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can be two users";
  constexpr uid_t kFirst = 65533;
  constexpr uid_t kSecond = 65534;
  const mode_t mask = ::umask(0);
  fs::permissions(base_, fs::perms(0777));
  {
    const AsUser user(kFirst);
    load();
  }
  {
    const AsUser user(kSecond);
    EXPECT_FALSE(load().fetched);
    EXPECT_TRUE(load(sample_package("ffff")).folder != folder_of()) << "another package of the same files";
  }
  {
    const AsUser user(kFirst);
    EXPECT_NO_THROW(load(sample_package("ffff")));
  }
  ::umask(mask);
  EXPECT_EQ(download_.calls, 1);
}

TEST_F(Materialize, FileSystemsWithoutLinksGetCopies) {
  const auto refuse = [](const fs::path&, const fs::path&) {
    return std::make_error_code(std::errc::operation_not_supported);
  };
  settings_.links = {refuse, refuse};
  load();
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder_of() / "weights.onnx")));
  load();
  EXPECT_EQ(download_.calls, 1);
}

}  // namespace
}  // namespace inference_exp::hub
