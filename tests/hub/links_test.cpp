#include "hub/links.hpp"

#include <gtest/gtest.h>

#include "hub/cache_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

using testing::read_file;
using testing::write_file;
namespace fs = std::filesystem;

class Links : public testing::CacheTest {
 protected:
  void SetUp() override {
    CacheTest::SetUp();
    write_file(blob_, "bytes");
    fs::create_directories(link_.parent_path());
  }
  [[nodiscard]] std::size_t files_beside_link() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(link_.parent_path()), {}));
  }

  fs::path blob_ = base_ / "blobs" / "d41d";
  fs::path link_ = base_ / "package" / "weights.onnx";
};

std::error_code refuse(const fs::path& /*target*/, const fs::path& /*link*/) {
  return std::make_error_code(std::errc::operation_not_permitted);
}
std::error_code other_device(const fs::path& /*target*/, const fs::path& /*link*/) {
  return std::make_error_code(std::errc::cross_device_link);
}

TEST_F(Links, LeadToTheBlobByItsAbsolutePath) {
  const LinkOutcome outcome = link_blob(blob_, link_);
  EXPECT_TRUE(outcome.created);
  EXPECT_FALSE(outcome.replaced);
  EXPECT_EQ(fs::read_symlink(link_), blob_);
  EXPECT_EQ(read_file(link_), "bytes");
  EXPECT_EQ(files_beside_link(), 1U);
}

TEST_F(Links, ThatAreRightAreKept) {
  link_blob(blob_, link_);
  EXPECT_FALSE(link_blob(blob_, link_).created);
}

TEST_F(Links, ThatReachTheBlobByAnotherPathAreKept) {
  fs::create_directory_symlink(base_, base_.parent_path() / (base_.filename().string() + "_alias"));
  const fs::path alias = base_.parent_path() / (base_.filename().string() + "_alias");
  fs::create_symlink(alias / "blobs" / "d41d", link_);
  EXPECT_FALSE(link_blob(blob_, link_).created);
  fs::remove(alias);
}

TEST_F(Links, ThatLeadElsewhereGiveWay) {
  write_file(outside(), "precious");
  fs::create_symlink(outside(), link_);
  const LinkOutcome outcome = link_blob(blob_, link_);
  EXPECT_TRUE(outcome.created);
  EXPECT_TRUE(outcome.replaced);
  EXPECT_EQ(fs::read_symlink(link_), blob_);
  EXPECT_EQ(read_file(outside()), "precious");
}

TEST_F(Links, ThatLeadNowhereGiveWay) {
  fs::create_symlink(base_ / "absent", link_);
  EXPECT_TRUE(link_blob(blob_, link_).replaced);
  EXPECT_EQ(fs::read_symlink(link_), blob_);
}

TEST_F(Links, NeverReplaceAFile) {
  write_file(link_, "a file of its own");
  EXPECT_FALSE(link_blob(blob_, link_).created);
  EXPECT_EQ(read_file(link_), "a file of its own");
}

TEST_F(Links, InThePlaceOfAFolderAreAnError) {
  fs::create_directories(link_);
  EXPECT_THROW(link_blob(blob_, link_), ModelCacheError);
  EXPECT_EQ(files_beside_link(), 1U) << "nothing temporary stays";
}

TEST_F(Links, AreHardWhereSymbolicOnesAreRefused) {
  LinkCalls calls = system_link_calls();
  calls.symbolic = refuse;
  EXPECT_TRUE(link_blob(blob_, link_, calls).created);
  EXPECT_FALSE(fs::is_symlink(link_));
  EXPECT_EQ(fs::hard_link_count(blob_), 2U);
  EXPECT_FALSE(link_blob(blob_, link_, calls).created);
}

TEST_F(Links, AreCopiesWhereAllLinksAreRefused) {
  EXPECT_TRUE(link_blob(blob_, link_, {refuse, other_device}).created);
  EXPECT_FALSE(fs::is_symlink(link_));
  EXPECT_EQ(fs::hard_link_count(blob_), 1U);
  EXPECT_EQ(read_file(link_), "bytes");
}

TEST_F(Links, ThatFailForAnotherReasonAreAnError) {
  const LinkCalls full{
      [](const fs::path&, const fs::path&) { return std::make_error_code(std::errc::no_space_on_device); },
      other_device};
  try {
    link_blob(blob_, link_, full);
    FAIL() << "no error";
  } catch (const ModelCacheError& error) {
    EXPECT_NE(error.message().find(link_.string()), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(link_));
}

TEST_F(Links, MadeByAFasterProcessAreFine) {
  const LinkCalls late{[&](const fs::path& target, const fs::path&) {
                         fs::create_symlink(target, link_);
                         return std::make_error_code(std::errc::file_exists);
                       },
                       other_device};
  EXPECT_FALSE(link_blob(blob_, link_, late).created);
}

}  // namespace
}  // namespace inference_exp::hub
