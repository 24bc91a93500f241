#include "hub/part_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "hub/download_watchers.hpp"
#include "hub/hashing.hpp"
#include "inference_exp/errors.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class PartFiles : public ::testing::Test {
 protected:
  /// Leaves a part with 5 of 10 bytes behind.
  void leave_half(const PartIdentity& identity, bool verified = true) const {
    PartFile part(target_);
    part.begin(identity, verified);
    part.write(0, bytes_of("01234"));
    part.settle(verified);
  }

  [[nodiscard]] std::uint64_t resumed_bytes(const PartIdentity& identity, bool verified = true) const {
    PartFile part(target_);
    part.begin(identity, verified);
    return part.complete_bytes();
  }

  testing::TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  fs::path target_ = folder_ / "blob";
  PartIdentity hashed_{.md5 = "781e5e245d69b566979b86e28d23f2c7", .size = 10, .etag = "\"a\"", .last_modified = ""};
};

TEST_F(PartFiles, AppearWholeUnderTheTargetsName) {
  PartFile part(target_);
  part.begin(hashed_, true);
  part.write(5, bytes_of("56789"));
  part.write(0, bytes_of("01234"));
  EXPECT_FALSE(fs::exists(target_));
  part.record();
  EXPECT_TRUE(fs::exists(part_record_path_of(target_)));
  part.publish();
  EXPECT_EQ(read(target_), "0123456789");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "nothing else is left";
}

TEST_F(PartFiles, GoOnFromTheirRecord) {
  leave_half(hashed_);
  PartFile part(target_);
  part.begin(hashed_, true);
  EXPECT_EQ(part.complete().prefix(), 5U);
  part.write(5, bytes_of("56789"));
  part.publish();
  EXPECT_EQ(read(target_), "0123456789");
}

TEST_F(PartFiles, GoOnWhenTheServerTellsLessThanBefore) {
  leave_half(hashed_);
  PartFile part(target_);
  part.begin({.md5 = hashed_.md5}, true);
  EXPECT_EQ(part.complete_bytes(), 5U);
  EXPECT_EQ(part.identity().size, 10U);
  EXPECT_EQ(part.identity().validator(), "\"a\"");
}

TEST_F(PartFiles, StartAnewForAnotherHashOrSize) {
  leave_half(hashed_);
  PartIdentity other = hashed_;
  other.md5 = "00000000000000000000000000000000";
  EXPECT_EQ(resumed_bytes(other), 0U);

  leave_half(hashed_);
  other = hashed_;
  other.size = 11;
  EXPECT_EQ(resumed_bytes(other), 0U);
}

TEST_F(PartFiles, WithoutAHashNeedTheSameValidators) {
  const PartIdentity plain{.md5 = "", .size = 10, .etag = "\"a\"", .last_modified = ""};
  leave_half(plain, false);
  EXPECT_EQ(resumed_bytes(plain, false), 5U);
  PartIdentity other = plain;
  other.etag = "\"b\"";
  EXPECT_EQ(resumed_bytes(other, false), 0U);
}

TEST_F(PartFiles, ThatNobodyCanGoOnFromAreRemoved) {
  leave_half({.md5 = "", .size = 10}, false);  // neither hash nor validators
  EXPECT_TRUE(fs::is_empty(folder_));
  leave_half({.md5 = hashed_.md5}, true);  // no size
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(PartFiles, WithADamagedRecordStartAnew) {
  const std::string_view records[] = {
      "",
      "{",
      "[]",
      R"({"format_version":2,"complete":[[0,4]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",
      R"({"format_version":1,"complete":[[0,10]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",
      R"({"format_version":1,"complete":[[4,0]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",
      R"({"format_version":1,"complete":[[-4,0]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",
      R"({"format_version":1,"complete":[[0]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",
      R"({"format_version":1,"complete":7,"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",
      R"({"format_version":1,"complete":[[0,4]],"md5":[],"size":10})",
      R"({"format_version":1,"complete":[[0,4]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":-1})",
      R"({"format_version":1,"complete":[[0,8]],"md5":"781e5e245d69b566979b86e28d23f2c7","size":10})",  // file: 5 bytes
  };
  for (const std::string_view record : records) {
    leave_half(hashed_);
    std::ofstream(part_record_path_of(target_)) << record;
    EXPECT_EQ(resumed_bytes(hashed_), 0U) << record;
  }
}

TEST_F(PartFiles, NeverFollowALink) {
  const fs::path precious = folder_ / "precious";
  for (const bool symbolic : {true, false}) {
    std::ofstream(precious) << "data";
    symbolic ? fs::create_symlink(precious, part_path_of(target_))
             : fs::create_hard_link(precious, part_path_of(target_));
    PartFile part(target_);
    part.begin(hashed_, true);
    part.write(0, bytes_of("0123456789"));
    EXPECT_EQ(read(precious), "data");
    part.discard();
  }
}

TEST_F(PartFiles, AreNotMadeWhereAFolderIsInTheWay) {
  fs::create_directory(part_path_of(target_));
  EXPECT_THROW(PartFile{target_}, ModelCacheError);
}

TEST_F(PartFiles, AreHashedWhileTheyGrow) {
  PartFile part(target_);
  part.begin(hashed_, true);
  PartHasher md5(part, HashKind::md5);
  PartHasher sha256(part, HashKind::sha256);
  part.write(5, bytes_of("56789"));
  part.write(0, bytes_of("wrong"));
  part.restart(hashed_);
  part.write(5, bytes_of("56789"));
  part.write(0, bytes_of("01234"));
  part.seal();
  EXPECT_EQ(md5.finish(), "781e5e245d69b566979b86e28d23f2c7");
  EXPECT_EQ(sha256.finish(), sha256_hex("0123456789"));
}

TEST_F(PartFiles, ThatSomebodyElseCutsAreNoticed) {
  PartFile part(target_);
  part.begin(hashed_, true);
  part.write(0, bytes_of("0123456789"));
  fs::resize_file(part.path(), 3);
  part.seal();
  PartHasher md5(part, HashKind::md5);
  EXPECT_THROW((void)md5.finish(), ModelCacheError);
}

TEST_F(PartFiles, RefuseASizeThatTheDiskHasNoRoomFor) {
  const PartFile part(target_);
  try {
    part.require_room_for(std::uint64_t{1} << 60);
    FAIL() << "no error";
  } catch (const ModelCacheError& error) {
    EXPECT_THAT(error.message(), ::testing::HasSubstr("are free"));
    EXPECT_THAT(error.hint(), ::testing::HasSubstr("INFERENCE_HOME"));
  }
}

}  // namespace
}  // namespace inference_exp::hub
