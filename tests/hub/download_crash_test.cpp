// A process that downloads is killed again and again, at moments drawn by chance.
#include <random>
#include <thread>

#include "download_fixture.hpp"
#include "download_process.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;

class Crashes : public DownloadTest, public ::testing::WithParamInterface<bool> {
 protected:
  /// Kills a download `rounds` times; the file must never be there in part. Files start anew when one is complete.
  void kill_downloads(int rounds) {
    std::mt19937 random(20240101);
    std::uniform_int_distribution<int> moment(1'000, 120'000);
    for (int round = 0; round < rounds; ++round) {
      DownloadProcess process({server_.url("/weights"), target_.string(), md5_});
      std::this_thread::sleep_for(microseconds(moment(random)));
      process.kill();
      (void)process.wait();
      if (!fs::exists(target_)) continue;
      ASSERT_TRUE(read_whole(target_) == text_) << "round " << round;
      ++completed_;
      fs::remove(target_);
    }
  }

  int completed_ = 0;
};

TEST_P(Crashes, LeaveTheFileAbsentOrWholeAndAreGoneOnFrom) {
  const web::Handler serve = web::serve_file(content_);
  const web::Handler slow = web::trickle(std::chrono::milliseconds(4), 32 << 10, serve);
  const bool with_head = GetParam();
  server_.on("/weights", [slow, with_head](const web::Request& request, web::Response& response) {
    slow(request, response);
    if (request.method == "HEAD" && !with_head) response.status = 405;
  });
  kill_downloads(100);

  // Undisturbed it comes to its end, and does not start from nothing: one more kill leaves something for sure.
  fs::remove(target_);
  fs::remove(part_path_of(target_));
  fs::remove(part_record_path_of(target_));
  DownloadProcess last_victim({server_.url("/weights"), target_.string(), md5_});
  while (!fs::exists(part_record_path_of(target_)) && !fs::exists(target_)) std::this_thread::yield();
  last_victim.kill();
  (void)last_victim.wait();
  ASSERT_FALSE(fs::exists(target_));
  server_.forget_requests();
  EXPECT_EQ(DownloadProcess({server_.url("/weights"), target_.string(), md5_}).wait(), 0);
  expect_whole();
  std::uint64_t asked_for = 0;
  for (const web::Request& request : server_.requests("/weights")) {
    if (request.method == "HEAD") continue;
    const auto range = request.range(text_.size());
    asked_for += range ? range->second - range->first + 1 : text_.size();
  }
  EXPECT_LT(asked_for, text_.size());
  EXPECT_FALSE(fs::exists(part_path_of(target_)));
}

INSTANTIATE_TEST_SUITE_P(Ways, Crashes, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Ranges" : "Stream"; });

}  // namespace
}  // namespace inference_exp::hub
