#include "hub/local_package_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "hub/cache_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::md5_of;
using testing::write_file;

class LocalPackageFile : public testing::CacheTest {
 protected:
  [[nodiscard]] struct stat status() const {
    struct stat found {};
    EXPECT_EQ(::stat(file_.c_str(), &found), 0);
    return found;
  }
  [[nodiscard]] std::string refusal() const {
    try {
      check_local_package_file(file_);
    } catch (const CorruptedModelPackageError& error) {
      return error.message();
    }
    return {};
  }
  static std::chrono::system_clock::time_point seconds_after(const struct stat& status, std::chrono::seconds seconds) {
    return std::chrono::system_clock::from_time_t(status.st_ctim.tv_sec) + seconds;
  }

  fs::path file_ = home_.root() / "engine.plan";
};

TEST_F(LocalPackageFile, AHashOfAFileWrittenJustNowIsNotKept) {
  write_file(file_, "engine");
  const struct stat written = status();
  EXPECT_FALSE(is_settled(written, written, seconds_after(written, 1s)));
  EXPECT_FALSE(is_settled(written, written, seconds_after(written, -60s))) << "the clock was set back";
  EXPECT_TRUE(is_settled(written, written, seconds_after(written, 4s)));
}

TEST_F(LocalPackageFile, AHashOfAFileThatChangedWhileItWasReadIsNotKept) {
  write_file(file_, "engine");
  const struct stat before = status();
  struct stat after = before;
  after.st_mtim.tv_nsec = (after.st_mtim.tv_nsec + 1) % 1'000'000'000;
  EXPECT_FALSE(is_settled(before, after, seconds_after(before, 60s)));
  after = before;
  after.st_size += 1;
  EXPECT_FALSE(is_settled(before, after, seconds_after(before, 60s)));
}

TEST_F(LocalPackageFile, AWriteInTheSameInstantIsSeen) {
  write_file(file_, "engine");
  const fs::file_time_type time = fs::last_write_time(file_);
  EXPECT_EQ(md5_of_local_package_file(file_), md5_of("engine"));
  write_file(file_, "ENGINE");
  fs::last_write_time(file_, time);
  EXPECT_EQ(md5_of_local_package_file(file_), md5_of("ENGINE"));
}

TEST_F(LocalPackageFile, AFileLargerThanAnyEngineIsRefusedUnread) {
  write_file(file_, "");
  fs::resize_file(file_, kMaxLocalFileBytes + 1);
  EXPECT_THAT(refusal(), HasSubstr("engine.plan is larger than 64 GiB"));
  EXPECT_THROW((void)md5_of_local_package_file(file_), CorruptedModelPackageError);
}

TEST_F(LocalPackageFile, OnlyRegularFilesAreTaken) {
  EXPECT_THAT(refusal(), HasSubstr("engine.plan is missing"));
  fs::create_directories(file_);
  EXPECT_THAT(refusal(), HasSubstr("not a regular file"));
  fs::remove(file_);
  write_file(home_.root() / "elsewhere", "engine");
  fs::create_symlink(home_.root() / "elsewhere", file_);
  EXPECT_THAT(refusal(), HasSubstr("symbolic link"));
  fs::remove(file_);
  write_file(file_, "engine");
  EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace inference_exp::hub
