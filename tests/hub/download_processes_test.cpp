// Several processes that want the same file at once.
#include "download_fixture.hpp"
#include "download_process.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;

class Stampedes : public DownloadTest {
 protected:
  [[nodiscard]] DownloadProcess start(const std::string& threads) const {
    return DownloadProcess({server_.url("/weights"), target_.string(), md5_, threads});
  }
};

TEST_F(Stampedes, OfTwoProcessesAreOneDownload) {
  server_.on("/weights", web::trickle(std::chrono::milliseconds(5), 64 << 10, web::serve_without_ranges(content_)));
  DownloadProcess first = start("1");
  DownloadProcess second = start("1");
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  expect_whole();
  EXPECT_EQ(server_.count("/weights", "GET"), 1U);
}

TEST_F(Stampedes, OfEightProcessesWithFourThreadsEachAreOneDownload) {
  server_.on("/weights", web::serve_without_ranges(content_));
  for (int round = 0; round < 20; ++round) {
    fs::remove_all(target_.parent_path());
    server_.forget_requests();
    std::vector<DownloadProcess> processes;
    for (int i = 0; i < 8; ++i) processes.push_back(start("4"));
    for (DownloadProcess& process : processes) EXPECT_EQ(process.wait(), 0) << "round " << round;
    expect_whole();
    EXPECT_EQ(server_.count("/weights", "GET"), 1U) << "round " << round;
    EXPECT_EQ(server_.count("/weights", "HEAD"), 1U) << "round " << round;
  }
}

}  // namespace
}  // namespace inference_exp::hub
