// Disks that are full or may not be written. Real ones, mounted for the test, where this user may mount.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "download_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FullDisks : public DownloadTest {
 protected:
  void TearDown() override {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
    DownloadTest::TearDown();
  }
  /// Mounts a small file system on the test's folder.
  [[nodiscard]] bool mount_disk(const char* options) {
    mounted_ = ::mount("none", folder_.c_str(), "tmpfs", 0, options) == 0;
    if (mounted_) fs::create_directories(target_.parent_path());
    return mounted_;
  }

  bool mounted_ = false;
};

TEST_F(FullDisks, AreNoticedBeforeTheFirstByte) {
  if (!mount_disk("size=1m")) GTEST_SKIP() << "SKIPPED: no file system can be mounted: " << std::strerror(errno);
  server_.on("/weights", web::serve_file(content_));
  expect_error<ModelCacheError>([&] { (void)fetch_weights(); },
                                [](const Error& error) {
                                  EXPECT_THAT(error.message(),
                                              AllOf(HasSubstr("2.1 MB"), HasSubstr("1.0 MB are free")));
                                });
  EXPECT_EQ(server_.count("/weights", "GET"), 0U);
  expect_nothing_left();
}

TEST_F(FullDisks, AreNoticedOnTheWay) {
  if (!mount_disk("size=1m")) GTEST_SKIP() << "SKIPPED: no file system can be mounted: " << std::strerror(errno);
  // Nobody tells how large it is.
  const web::Handler serve = web::serve_without_ranges(content_);
  server_.on("/weights", [serve](const web::Request& request, web::Response& response) {
    serve(request, response);
    if (request.method == "HEAD") response.status = 405;
    response.framing = web::Response::Framing::chunked;
  });
  expect_error<ModelCacheError>([&] { (void)fetch_weights(); },
                                [](const Error& error) {
                                  EXPECT_THAT(error.message(), HasSubstr("No space left"));
                                  EXPECT_THAT(error.hint(), HasSubstr("INFERENCE_HOME"));
                                });
  expect_nothing_published();
  expect_nothing_left();
}

TEST_F(FullDisks, AreUsedAgainOnceTheyHaveRoom) {
  if (!mount_disk("size=3m")) GTEST_SKIP() << "SKIPPED: no file system can be mounted: " << std::strerror(errno);
  const fs::path ballast = folder_ / "ballast";
  std::ofstream(ballast) << std::string(1'500'000, 'x');
  server_.on("/weights", web::serve_file(content_));
  expect_error<ModelCacheError>([&] { (void)fetch_weights(); });
  fs::remove(ballast);
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
}

TEST_F(FullDisks, FoldersThatMayNotBeWritten) {
  fs::create_directories(target_.parent_path());
  if (::geteuid() == 0) {
    // Permissions do not bind the superuser, a read-only mount does.
    mounted_ = ::mount("none", folder_.c_str(), "tmpfs", MS_RDONLY, "size=1m") == 0;
    if (!mounted_) GTEST_SKIP() << "SKIPPED: no file system can be mounted: " << std::strerror(errno);
    target_ = folder_ / "blob";
  } else {
    fs::permissions(target_.parent_path(), fs::perms::owner_read | fs::perms::owner_exec);
  }
  server_.on("/weights", web::serve_file(content_));
  expect_error<ModelCacheError>([&] { (void)fetch_weights(); },
                                [](const Error& error) { EXPECT_THAT(error.hint(), HasSubstr("INFERENCE_HOME")); });
  if (!mounted_) fs::permissions(target_.parent_path(), fs::perms::owner_all);
  EXPECT_EQ(server_.count("/weights", "GET"), 0U);
}

}  // namespace
}  // namespace inference_exp::hub
