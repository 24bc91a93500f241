#include "hub/cache_layout.hpp"

#include <gtest/gtest.h>

#include "hub/atomic_file.hpp"
#include "hub/cache_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

using testing::CacheTest;
using testing::read_file;
using testing::write_file;
namespace fs = std::filesystem;

class CacheLayout : public CacheTest {};

TEST(CacheHomes, KnowWhereThingsLie) {
  const CacheHome home("/cache");
  EXPECT_EQ(home.blob("d41d"), "/cache/shared-blobs/d41d");
  EXPECT_EQ(home.package_folder("coco/3", "p1"), "/cache/models-cache/v2-coco-3-df70e86e24a65bd703ee4386bda0d550/p1");
  EXPECT_EQ(home.materialization_lock("coco/3", "p1"),
            "/cache/models-cache/v2-coco-3-df70e86e24a65bd703ee4386bda0d550/.p1.materialization.lock");
  EXPECT_EQ(home.resolution_entry("ab"), "/cache/auto-resolution-cache/ab.json");
  EXPECT_EQ(home.offline_record("coco/3"),
            "/cache/offline-weights-registry/v2-coco-3-df70e86e24a65bd703ee4386bda0d550.json");
}

TEST(CacheHomes, AreAbsolute) { EXPECT_EQ(CacheHome("some/./cache").root(), fs::current_path() / "some/cache"); }

TEST(CacheHomes, NeedAFolder) {
  try {
    const CacheHome home{fs::path()};
    FAIL() << "no error";
  } catch (const ModelCacheError& error) {
    EXPECT_NE(error.hint().find("INFERENCE_HOME"), std::string::npos);
  }
}

TEST(CacheHomes, RefusePackageIdsThatLeadElsewhere) {
  EXPECT_THROW((void)CacheHome("/cache").package_folder("coco/3", "../x"), InsecureModelIdentifierError);
}

TEST_F(CacheLayout, AFolderThatCannotBeMadeIsACacheError) {
  write_file(base_ / "file", "");
  try {
    make_folder(base_ / "file" / "cache");
    FAIL() << "no error";
  } catch (const ModelCacheError& error) {
    EXPECT_NE(error.message().find((base_ / "file").string()), std::string::npos);
    EXPECT_FALSE(error.hint().empty());
  }
  EXPECT_THROW(make_folder_inside(base_, "file/below"), ModelCacheError);
}

TEST_F(CacheLayout, FoldersInsideAreMadePartByPart) {
  make_folder_inside(base_, "a/b/c");
  make_folder_inside(base_, "a/b/d");
  EXPECT_TRUE(fs::is_directory(base_ / "a/b/c"));
  EXPECT_TRUE(fs::is_directory(base_ / "a/b/d"));
}

TEST_F(CacheLayout, NoFolderIsMadeBehindALink) {
  fs::create_directories(outside());
  fs::create_directory_symlink(outside(), base_ / "link");
  EXPECT_THROW(make_folder_inside(base_, "link/below"), ModelCacheError);
  EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(CacheLayout, FilesAreReplacedWhole) {
  const fs::path file = base_ / "entry.json";
  write_file_atomically(file, "one");
  write_file_atomically(file, "two");
  EXPECT_EQ(read_small_file(file), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(base_), fs::directory_iterator()), 1) << "no temporary file stays";
}

TEST_F(CacheLayout, NoFileIsWrittenOrReadThroughALink) {
  write_file(outside(), "precious");
  fs::create_symlink(outside(), base_ / "entry.json");
  EXPECT_THROW(write_file_atomically(base_ / "entry.json", "two"), ModelCacheError);
  EXPECT_THROW((void)read_small_file(base_ / "entry.json"), ModelCacheError);
  EXPECT_EQ(read_file(outside()), "precious");
}

TEST_F(CacheLayout, SmallFilesHaveABound) {
  write_file(base_ / "large", "12345");
  EXPECT_EQ(read_small_file(base_ / "large", 5), "12345");
  EXPECT_THROW((void)read_small_file(base_ / "large", 4), ModelCacheError);
  EXPECT_THROW((void)read_small_file(base_), ModelCacheError) << "a folder";
  EXPECT_EQ(read_small_file(base_ / "absent"), std::nullopt);
}

TEST_F(CacheLayout, AFileWhoseFolderIsMissingCannotBeWritten) {
  EXPECT_THROW(write_file_atomically(base_ / "absent" / "x", "text"), ModelCacheError);
}

TEST_F(CacheLayout, TemporaryNamesAreRecognised) {
  EXPECT_TRUE(is_temporary_name(temporary_name_for("/a/b.json").filename().string()));
  for (const char* name : {"b.json", ".b.tmp", ".b.json.0123456789abcdeg.tmp", ".tmp", ".0123456789abcdef.tmp"}) {
    EXPECT_FALSE(is_temporary_name(name)) << name;
  }
  EXPECT_LE(temporary_name_for(fs::path(std::string(250, 'x'))).filename().string().size(), 255U);
}

}  // namespace
}  // namespace inference_exp::hub
