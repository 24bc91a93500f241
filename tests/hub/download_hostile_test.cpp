// Servers that break, lie or attack: each ends in a typed error after bounded work, and nothing stands at the target.
#include <sys/resource.h>

#include <csignal>

#include "download_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

class HostileServers : public DownloadTest {
 protected:
  HostileServers() { settings_.max_attempts = 5; }

  /// Serves GET only, HEAD is 405: nothing is known beforehand.
  static web::Handler without_head(web::Handler handler) {
    return [handler = std::move(handler)](const web::Request& request, web::Response& response) {
      if (request.method == "HEAD") {
        response.status = 405;
      } else {
        handler(request, response);
      }
    };
  }
  [[nodiscard]] std::size_t gets() const { return server_.count("/weights", "GET"); }
};

TEST_F(HostileServers, TruncatedBodyWithoutRanges) {
  server_.on("/weights", web::cut_after(100'000, web::Ending::close, web::serve_without_ranges(content_)));
  expect_error<RetryError>([&] { (void)fetch_weights(); },
                           [](const Error& error) { EXPECT_THAT(error.message(), HasSubstr("weights")); });
  expect_nothing_published();
  EXPECT_LE(gets(), 5U);
}

TEST_F(HostileServers, ResetInMidBodyAgainAndAgain) {
  server_.on("/weights", web::cut_after(100'000, web::Ending::reset, web::serve_file(content_)));
  EXPECT_EQ(fetch_weights().md5, md5_) << "each request brings some more";
  expect_whole();
}

TEST_F(HostileServers, NothingButResets) {
  server_.on("/weights", web::cut_after(0, web::Ending::reset, web::serve_file(content_)));
  expect_error<RetryError>([&] { (void)fetch_weights(); });
  expect_nothing_published();
  expect_nothing_left();
  EXPECT_EQ(gets(), 5U);
}

TEST_F(HostileServers, FewBytesAtATimeAreNoProgress) {
  server_.on("/weights", web::cut_after(10, web::Ending::close, web::serve_file(content_)));
  expect_error<RetryError>([&] { (void)fetch_weights(); });
  EXPECT_EQ(gets(), 5U);
}

TEST_F(HostileServers, TooLargeALength) {
  server_.on("/weights", web::announce_length(text_.size() + 1000, web::serve_without_ranges(content_)));
  expect_error<RetryError>([&] { (void)fetch_weights(); });
  expect_nothing_published();
}

TEST_F(HostileServers, TooSmallALength) {
  server_.on("/weights", web::announce_length(text_.size() - 1000, web::serve_without_ranges(content_)));
  expect_error<FileHashSumMissmatch>([&] { (void)fetch_weights(); });
  expect_nothing_published();
  expect_nothing_left();
}

TEST_F(HostileServers, AnotherLengthThanHeadSaid) {
  // Chunked, so that only HEAD has announced a length.
  for (const std::uint64_t announced : {text_.size() - 1000, text_.size() + 1000}) {
    const web::Handler serve = web::serve_without_ranges(content_);
    server_.on("/weights", [=](const web::Request& request, web::Response& response) {
      serve(request, response);
      if (request.method == "HEAD") {
        response.announced_length = announced;
      } else {
        response.framing = web::Response::Framing::chunked;
      }
    });
    expect_error<RetryError>([&] { (void)fetch_weights(); });
    expect_nothing_published();
  }
}

TEST_F(HostileServers, RangesAtAnotherPlaceAreNotUsed) {
  use_small_ranges();
  server_.on("/weights", web::serve_wrong_range(content_, 100));
  // Whatever the second, whole download brings: misplaced bytes never pass.
  try {
    EXPECT_EQ(fetch_weights().md5, md5_);
    expect_whole();
  } catch (const Error&) {
    expect_nothing_published();
  }
}

TEST_F(HostileServers, RangesWithoutContentRangeAreNotUsed) {
  use_small_ranges();
  const web::Handler serve = web::serve_file(content_);
  server_.on("/weights", [serve](const web::Request& request, web::Response& response) {
    serve(request, response);
    std::erase_if(response.headers, [](const auto& header) { return header.first == "Content-Range"; });
  });
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
}

TEST_F(HostileServers, RangesOfAFileOfAnotherSizeAreNotUsed) {
  use_small_ranges();
  const web::Handler serve = web::serve_file(content_);
  server_.on("/weights", [serve](const web::Request& request, web::Response& response) {
    serve(request, response);
    for (auto& [name, value] : response.headers) {
      if (name == "Content-Range") value = value.substr(0, value.find('/')) + "/99999999";
    }
  });
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
}

TEST_F(HostileServers, AByteASecond) {
  settings_.idle_timeout = milliseconds(300);
  settings_.min_bytes_per_second = 1000;
  settings_.max_attempts = 2;
  server_.on("/weights", web::trickle(milliseconds(100), 1, web::serve_file(content_)));
  expect_error<RetryError>([&] { (void)fetch_weights(); });
  expect_nothing_published();
  EXPECT_EQ(gets(), 2U);
}

TEST_F(HostileServers, Silence) {
  settings_.idle_timeout = milliseconds(200);
  settings_.max_attempts = 2;
  server_.on("/weights", without_head(web::cut_after(1000, web::Ending::silence, web::serve_file(content_))));
  expect_error<RetryError>([&] { (void)fetch_weights(); });
  expect_nothing_published();
}

TEST_F(HostileServers, BusyForAWhile) {
  server_.on("/weights", without_head(web::fail_first(2, web::answer(503, "busy", {{"Retry-After", "7"}}),
                                                      web::serve_file(content_))));
  EXPECT_EQ(fetch_weights().md5, md5_);
  EXPECT_THAT(pauses_, AllOf(SizeIs(2), Each(milliseconds(7000))));
}

TEST_F(HostileServers, BusyForever) {
  for (const int status : {408, 429, 502, 503, 504}) {
    server_.forget_requests();
    pauses_.clear();
    server_.on("/weights", without_head(web::answer(status, "busy", {{"Retry-After", "100000"}})));
    expect_error<RetryError>(
        [&] { (void)fetch_weights(); },
        [&](const Error& error) { EXPECT_THAT(error.message(), HasSubstr(std::to_string(status))); });
    EXPECT_EQ(gets(), 3U);
    EXPECT_THAT(pauses_, Each(Le(milliseconds(60000)))) << "no server may make us wait forever";
    expect_nothing_left();
  }
}

TEST_F(HostileServers, PausesGrowAndAreBounded) {
  settings_.max_attempts = 40;
  server_.on("/weights", without_head(web::cut_after(0, web::Ending::reset, web::serve_file(content_))));
  expect_error<RetryError>([&] { (void)fetch_weights(); });
  ASSERT_EQ(pauses_.size(), 39U);
  EXPECT_LE(pauses_.front(), milliseconds(1000));
  EXPECT_THAT(pauses_, Each(Le(milliseconds(32000))));
  EXPECT_GT(*std::ranges::max_element(pauses_), milliseconds(8000));
}

TEST_F(HostileServers, AnswersThatRetryingWontChange) {
  for (const int status : {400, 401, 403, 404, 410, 500}) {
    server_.forget_requests();
    server_.on("/weights", web::answer(status, "no"));
    expect_error<ModelRetrievalError>([&] { (void)fetch_weights(); },
                                      [&](const Error& error) {
                                        EXPECT_THAT(error.message(), HasSubstr(std::to_string(status)));
                                        EXPECT_THAT(error.hint(), Not(IsEmpty()));
                                      });
    EXPECT_EQ(gets(), 1U);
    expect_nothing_left();
  }
}

TEST_F(HostileServers, RedirectLoop) {
  server_.on("/weights", web::redirect(server_.url("/other")));
  server_.on("/other", web::redirect(server_.url("/weights")));
  expect_error<ModelRetrievalError>([&] { (void)fetch_weights(); });
  EXPECT_LE(server_.count(), 20U);
  expect_nothing_left();
}

TEST_F(HostileServers, PageForPeopleInsteadOfTheFile) {
  server_.on("/weights", web::html_page());
  expect_error<FileHashSumMissmatch>(
      [&] { (void)fetch_weights(); },
      [](const Error& error) { EXPECT_THAT(error.message(), HasSubstr("looks like a web page")); });
  EXPECT_EQ(gets(), 1U) << "not retried";
  expect_nothing_left();
}

TEST_F(HostileServers, EndlessBody) {
  settings_.max_file_bytes = 3'000'000;
  server_.on("/weights", web::endless_body());
  expect_error<ModelRetrievalError>([&] { (void)fetch_weights(); },
                                    [](const Error& error) { EXPECT_THAT(error.message(), HasSubstr("3000000")); });
  EXPECT_EQ(gets(), 1U);
  expect_nothing_left();
}

TEST_F(HostileServers, AnnouncedTooLarge) {
  settings_.max_file_bytes = 1'000'000;
  server_.on("/weights", web::serve_file(content_));
  expect_error<ModelRetrievalError>([&] { (void)fetch_weights(); });
  EXPECT_EQ(gets(), 0U);
  server_.on("/weights", without_head(web::serve_file(content_)));
  expect_error<ModelRetrievalError>([&] { (void)fetch_weights(); });
  expect_nothing_left();
}

TEST_F(HostileServers, AnnouncedLargerThanTheDisk) {
  settings_.max_file_bytes = std::uint64_t{1} << 62;
  server_.on("/weights", web::announce_length(std::uint64_t{1} << 60, web::serve_without_ranges(content_)));
  expect_error<ModelCacheError>(
      [&] { (void)fetch_weights(); },
      [](const Error& error) { EXPECT_THAT(error.message(), AllOf(HasSubstr("needed"), HasSubstr("free"))); });
  EXPECT_EQ(gets(), 0U);
  expect_nothing_left();
}

TEST_F(HostileServers, WrongBytes) {
  server_.on("/weights", web::serve_file(web::generated_content(text_.size(), 99)));
  expect_error<FileHashSumMissmatch>(
      [&] { (void)fetch_weights(); },
      [&](const Error& error) {
        EXPECT_THAT(error.message(), AllOf(HasSubstr(md5_), HasSubstr("weights"), Not(HasSubstr("web page"))));
      });
  EXPECT_EQ(gets(), 1U) << "not retried";
  expect_nothing_left();

  settings_.verify_md5 = false;
  EXPECT_NE(fetch_weights().md5, md5_);
}

TEST_F(HostileServers, SecretsOfAddressesStayOutOfMessages) {
  DownloadTask secret = task("/weights", md5_);
  secret.url += "?signature=s3cr3t";
  server_.on("/weights", web::answer(403));
  expect_error<ModelRetrievalError>(
      [&] { (void)fetch(secret); },
      [](const Error& error) { EXPECT_THAT(std::string(error.what()), Not(HasSubstr("s3cr3t"))); });
}

TEST_F(HostileServers, LinksPlantedInTheCache) {
  fs::create_directories(target_.parent_path());
  std::ofstream(folder_ / "precious") << "data";
  fs::create_symlink(folder_ / "precious", part_path_of(target_));
  fs::create_symlink(folder_ / "precious", part_record_path_of(target_));
  fs::create_symlink(folder_ / "nowhere", target_);
  server_.on("/weights", web::serve_file(content_));
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(target_)));
  EXPECT_EQ(read_whole(folder_ / "precious"), "data");
}

/// No file may grow beyond this within the scope, as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    (void)std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(HostileServers, ADiskThatTakesNoMore) {
  server_.on("/weights", web::serve_file(content_));
  {
    const FileSizeLimit limit(1'000'000);
    expect_error<ModelCacheError>([&] { (void)fetch_weights(); },
                                  [](const Error& error) {
                                    EXPECT_THAT(error.message(), HasSubstr(".blob.part"));
                                    EXPECT_THAT(error.hint(), HasSubstr("INFERENCE_HOME"));
                                  });
    expect_nothing_published();
  }
  // With room again it goes on from there.
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  EXPECT_EQ(ranges_asked_for().size(), 1U);
}

}  // namespace
}  // namespace inference_exp::hub
