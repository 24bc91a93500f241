#include "hub/pinned_file.hpp"

#include "download_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

using ::testing::HasSubstr;

class PinnedFiles : public DownloadTest {
 protected:
  void SetUp() override {
    DownloadTest::SetUp();
    server_.on("/weights", web::serve_file(content_));
  }
  [[nodiscard]] PinnedFile pinned() const { return {"weights", url_, md5_, sha256_}; }

  std::string url_ = server_.url("/weights");
  std::string sha256_ = sha256_hex(text_);
};

TEST_F(PinnedFiles, AreFetchedOnce) {
  fetch_pinned_file(*client_, pinned(), target_, settings_);
  expect_whole();
  fetch_pinned_file(*client_, pinned(), target_, settings_);
  EXPECT_EQ(server_.count("/weights", "GET"), 1U);
}

TEST_F(PinnedFiles, WithAnotherSha256AreNotLeftBehind) {
  PinnedFile other = pinned();
  const std::string wrong = sha256_hex("something else");
  other.sha256 = wrong;
  expect_error<FileHashSumMissmatch>([&] { fetch_pinned_file(*client_, other, target_, settings_); },
                                     [&](const Error& error) { EXPECT_THAT(error.what(), HasSubstr(wrong)); });
  expect_nothing_published();
}

TEST_F(PinnedFiles, AreCheckedEvenWhereHashesAreNotAskedFor) {
  settings_.verify_md5 = false;
  PinnedFile other = pinned();
  const std::string wrong = md5_of("something else");
  other.md5 = wrong;
  expect_error<FileHashSumMissmatch>([&] { fetch_pinned_file(*client_, other, target_, settings_); });
  expect_nothing_published();
}

}  // namespace
}  // namespace inference_exp::hub
