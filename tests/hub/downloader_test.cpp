#include "hub/downloader.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "download_fixture.hpp"
#include "hub/file_lock.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Downloads : public DownloadTest {};

TEST_F(Downloads, OfASmallFileAreOneStream) {
  server_.on("/weights", web::serve_file(content_));
  const DownloadedFile file = fetch_weights();
  EXPECT_TRUE(file.fetched);
  EXPECT_EQ(file.bytes, text_.size());
  EXPECT_EQ(file.md5, md5_);
  EXPECT_EQ(file.sha256, sha256_hex(text_));
  expect_whole();
  EXPECT_EQ(server_.count("/weights", "GET"), 1U);
  EXPECT_THAT(ranges_asked_for(), IsEmpty());
  EXPECT_THAT(pauses_, IsEmpty());
}

TEST_F(Downloads, OfALargeFileAreRanges) {
  use_small_ranges();
  server_.on("/weights", web::serve_file(content_));
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  std::vector<std::string> expected;
  for (const ByteRange& range : split_into_ranges(text_.size(), 8, settings_.min_range_bytes)) {
    expected.push_back("bytes=" + std::to_string(range.first) + "-" + std::to_string(range.last));
  }
  EXPECT_EQ(expected.size(), 8U);
  EXPECT_THAT(ranges_asked_for(), ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(Downloads, UseSeveralConnectionsWhereOneIsSlow) {
  use_small_ranges();
  settings_.min_bytes_per_second = 1;
  server_.on("/weights", web::trickle(std::chrono::milliseconds(20), 16 << 10, web::serve_file(content_)));
  EXPECT_EQ(fetch_weights().md5, md5_);
  EXPECT_GT(server_.most_at_once(), 1U);
}

TEST_F(Downloads, FromAServerWithoutRangesAreOneStream) {
  use_small_ranges();
  server_.on("/weights", web::serve_without_ranges(content_));
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  EXPECT_EQ(server_.count("/weights", "GET"), 1U);
  EXPECT_THAT(ranges_asked_for(), IsEmpty());
}

TEST_F(Downloads, WorkWhereHeadIsRefused) {
  use_small_ranges();
  const web::Handler serve = web::serve_file(content_);
  server_.on("/weights", [serve](const web::Request& request, web::Response& response) {
    if (request.method == "HEAD") {
      response.status = 403;
    } else {
      serve(request, response);
    }
  });
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  EXPECT_EQ(server_.count("/weights", "GET"), 1U);
}

TEST_F(Downloads, WorkWhereNoLengthIsTold) {
  const web::Handler serve = web::serve_without_ranges(content_);
  server_.on("/weights", [serve](const web::Request& request, web::Response& response) {
    serve(request, response);
    if (request.method == "HEAD") response.status = 405;
    response.framing = web::Response::Framing::chunked;
  });
  EXPECT_EQ(fetch_weights().bytes, text_.size());
  expect_whole();
}

TEST_F(Downloads, FollowRedirects) {
  server_.on("/weights", web::redirect(server_.url("/elsewhere?signature=1")));
  server_.on("/elsewhere", web::serve_file(content_));
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
}

TEST_F(Downloads, OfAnEmptyFile) {
  server_.on("/weights", web::serve_file(web::text_content("")));
  const DownloadedFile file = fetch(task("/weights", md5_of("")));
  EXPECT_TRUE(file.fetched);
  EXPECT_EQ(file.bytes, 0U);
  EXPECT_TRUE(fs::exists(target_));
}

TEST_F(Downloads, WithoutAHashAreTakenAsTheyCome) {
  server_.on("/weights", web::serve_file(content_));
  EXPECT_EQ(fetch(task("/weights", std::nullopt)).md5, md5_);
  expect_whole();
}

TEST_F(Downloads, OfNestedHandlesMakeTheirFolders) {
  target_ = folder_ / "package" / "nested" / "deeper" / "weights.onnx";
  server_.on("/weights", web::serve_file(content_));
  EXPECT_TRUE(fetch_weights().fetched);
  expect_whole();
}

TEST_F(Downloads, OfWhatIsThereAskNobody) {
  fs::create_directories(target_.parent_path());
  std::ofstream(target_) << "as it is";
  const DownloadedFile file = fetch_weights();
  EXPECT_FALSE(file.fetched);
  EXPECT_EQ(file.bytes, 8U);
  EXPECT_EQ(read_whole(target_), "as it is");
  EXPECT_EQ(server_.count(), 0U);
}

TEST_F(Downloads, OfManyFilesComeBackInOrder) {
  std::vector<DownloadTask> tasks;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "file" + std::to_string(i);
    server_.on("/" + name, web::serve_file(web::text_content(name)));
    tasks.push_back({.handle = name, .url = server_.url("/" + name), .target = folder_ / name, .md5 = md5_of(name)});
  }
  const std::vector<DownloadedFile> files = download_files(*client_, tasks, settings_);
  ASSERT_EQ(files.size(), tasks.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(files[i].md5, tasks[i].md5);
    EXPECT_EQ(read_whole(tasks[i].target), tasks[i].handle);
  }
  EXPECT_LE(server_.most_at_once(), 8U);
}

TEST_F(Downloads, GoOnWhereABodyWasCut) {
  // The first answer ends in its middle; the second one is asked for the rest only.
  const std::uint64_t half = text_.size() / 2;
  const web::Handler serve = web::serve_file(content_);
  const web::Handler cut = web::cut_after(half, web::Ending::reset, serve);
  server_.on("/weights", [serve, cut, count = std::make_shared<std::atomic<int>>(0)](const web::Request& request,
                                                                                     web::Response& response) {
    (request.method == "GET" && count->fetch_add(1) == 0 ? cut : serve)(request, response);
  });
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  ASSERT_EQ(ranges_asked_for().size(), 1U);
  EXPECT_THAT(server_.requests("/weights").back().header("if-range"), "\"v1\"");
  EXPECT_EQ(pauses_.size(), 1U);
}

TEST_F(Downloads, GoOnWhereARangeWasCut) {
  use_small_ranges();
  const web::Handler serve = web::serve_file(content_);
  const web::Handler cut = web::cut_after(100'000, web::Ending::close, serve);
  server_.on("/weights", [serve, cut, count = std::make_shared<std::atomic<int>>(0)](const web::Request& request,
                                                                                     web::Response& response) {
    (request.method == "GET" && count->fetch_add(1) == 2 ? cut : serve)(request, response);
  });
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  EXPECT_EQ(ranges_asked_for().size(), 9U);
  EXPECT_LT(server_.body_bytes_sent(), text_.size() + 300'000) << "only the rest came again";
}

TEST_F(Downloads, GoOnFromWhatAnEarlierProcessLeft) {
  // As a process that was killed leaves it: a prefix, and something further on.
  fs::create_directories(target_.parent_path());
  {
    PartFile part(target_);
    part.begin({.md5 = md5_, .size = text_.size(), .etag = "\"v1\"", .last_modified = ""}, true);
    const auto bytes = std::as_bytes(std::span(text_));
    part.write(0, bytes.first(700'000));
    part.write(1'500'000, bytes.subspan(1'500'000, 100'000));
    part.record();
  }
  server_.on("/weights", web::serve_file(content_));
  use_small_ranges();
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
  EXPECT_FALSE(fs::exists(part_path_of(target_)));
  EXPECT_FALSE(fs::exists(part_record_path_of(target_)));
  EXPECT_LE(server_.body_bytes_sent(), text_.size() - 800'000);
}

TEST_F(Downloads, StartAnewWhenTheFileChangedOnTheServer) {
  fs::create_directories(target_.parent_path());
  {
    PartFile part(target_);
    part.begin({.md5 = "", .size = text_.size(), .etag = "\"v0\"", .last_modified = ""}, false);
    part.write(0, std::as_bytes(std::span(text_)).first(700'000));
    part.record();
  }
  server_.on("/weights", web::serve_file(content_));
  EXPECT_EQ(fetch(task("/weights", std::nullopt)).md5, md5_);
  EXPECT_THAT(ranges_asked_for(), IsEmpty());
}

TEST_F(Downloads, AskAServerForAllWhenItIgnoresRanges) {
  use_small_ranges();
  server_.on("/weights", web::ignore_ranges(content_));
  EXPECT_EQ(fetch_weights().md5, md5_);
  expect_whole();
}

TEST_F(Downloads, TellHowFarTheyAre) {
  server_.on("/weights", web::trickle(std::chrono::milliseconds(30), 256 << 10, web::serve_file(content_)));
  std::vector<DownloadProgress> calls;
  settings_.progress = [&](const DownloadProgress& progress) {
    calls.push_back(progress);
    return true;
  };
  (void)fetch_weights();
  ASSERT_GE(calls.size(), 3U);
  using Phase = DownloadProgress::Phase;
  EXPECT_EQ(calls.front().phase, Phase::download);
  EXPECT_EQ(calls[calls.size() - 2].phase, Phase::verify);
  EXPECT_EQ(calls.back().phase, Phase::done);
  EXPECT_EQ(calls.back().file, "weights");
  EXPECT_EQ(calls.back().file_count, 1U);
  EXPECT_EQ(calls.back().bytes_done, text_.size());
  EXPECT_TRUE(std::ranges::is_sorted(calls, {}, &DownloadProgress::bytes_done));
  for (const DownloadProgress& call : calls) EXPECT_EQ(call.bytes_total, text_.size());
}

TEST_F(Downloads, EndWhenTheCallerSaysSoAndGoOnLater) {
  const web::Handler serve = web::serve_file(content_);
  server_.on("/weights", web::trickle(std::chrono::milliseconds(30), 256 << 10, serve));
  settings_.progress = [](const DownloadProgress& progress) { return progress.bytes_done < 600'000; };
  expect_error<OperationCancelledError>([&] { (void)fetch_weights(); });
  expect_nothing_published();

  settings_.progress = nullptr;
  server_.on("/weights", serve);
  EXPECT_EQ(fetch_weights().md5, md5_);
  EXPECT_EQ(ranges_asked_for().size(), 1U) << "only the rest was fetched";
}

TEST_F(Downloads, EndWhenTheCallerSaysSoWhileTheServerSendsNothing) {
  const web::Handler serve = web::serve_without_ranges(content_);
  const web::Handler hang = web::cut_after(1000, web::Ending::silence, serve);
  server_.on("/weights", [serve, hang](const web::Request& request, web::Response& response) {
    (request.method == "GET" ? hang : serve)(request, response);
  });
  settings_.idle_timeout = std::chrono::minutes(10);
  std::atomic<int> asked = 0;
  settings_.progress = [&](const DownloadProgress& /*progress*/) { return ++asked < 3; };
  expect_error<OperationCancelledError>([&] { (void)fetch_weights(); });
  EXPECT_EQ(asked, 3);
}

TEST_F(Downloads, StopAtTheFirstFailure) {
  // One file hangs for as long as it may; another one is missing. The error is the missing file's, and it comes at
  // once.
  const web::Handler serve = web::serve_without_ranges(content_);
  const web::Handler hang = web::cut_after(1000, web::Ending::silence, serve);
  server_.on("/hangs", [serve, hang](const web::Request& request, web::Response& response) {
    (request.method == "GET" ? hang : serve)(request, response);
  });
  settings_.idle_timeout = std::chrono::minutes(10);
  const DownloadTask tasks[] = {
      {.handle = "hangs", .url = server_.url("/hangs"), .target = folder_ / "hangs", .md5 = md5_},
      {.handle = "missing", .url = server_.url("/missing"), .target = folder_ / "missing", .md5 = md5_}};
  expect_error<ModelRetrievalError>([&] { (void)download_files(*client_, tasks, settings_); },
                                    [](const Error& error) { EXPECT_THAT(error.message(), HasSubstr("missing")); });
}

TEST_F(Downloads, TellWhichFilesAppear) {
  server_.on("/weights", web::serve_file(content_));
  std::vector<fs::path> created;
  std::vector<std::pair<fs::path, fs::path>> renamed;
  settings_.on_file_created = [&](const fs::path& file) { created.push_back(file); };
  settings_.on_file_renamed = [&](const fs::path& from, const fs::path& to) { renamed.emplace_back(from, to); };
  (void)fetch_weights();
  EXPECT_THAT(created, ElementsAre(part_path_of(target_)));
  EXPECT_THAT(renamed, ElementsAre(std::pair(part_path_of(target_), target_)));
}

TEST_F(Downloads, OfAHeldTargetTimeOutWhenNothingHappens) {
  fs::create_directories(target_.parent_path());
  const FileLock held(lock_file_of(target_), std::chrono::seconds(20));
  settings_.lock_timeout = std::chrono::milliseconds(50);
  server_.on("/weights", web::serve_file(content_));
  expect_error<FileLockTimeoutError>([&] { (void)fetch_weights(); });
  EXPECT_EQ(server_.count(), 0U);
}

TEST_F(Downloads, BySeveralThreadsAreOne) {
  server_.on("/weights", web::trickle(std::chrono::milliseconds(5), 64 << 10, web::serve_file(content_)));
  std::atomic<int> fetched = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { fetched += fetch_weights().fetched ? 1 : 0; });
    }
  }
  EXPECT_EQ(fetched, 1);
  EXPECT_EQ(server_.count("/weights", "GET"), 1U);
}

TEST_F(Downloads, SizesComeFromHead) {
  server_.on("/weights", web::serve_file(content_));
  server_.on("/short", web::serve_file(web::text_content("four")));
  const std::vector<std::string> urls = {server_.url("/weights"), server_.url("/missing"), server_.url("/short")};
  EXPECT_THAT(file_sizes(*client_, urls),
              ElementsAre(std::optional(std::uint64_t{text_.size()}), std::nullopt, std::optional(std::uint64_t{4})));
  EXPECT_EQ(server_.body_bytes_sent(), 0U);
  EXPECT_THAT(file_sizes(*client_, {}), IsEmpty());
}

}  // namespace
}  // namespace inference_exp::hub
