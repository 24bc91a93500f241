#include "inference_exp/logging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/log.hpp"

namespace inference_exp {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class LoggingTest : public ::testing::Test {
 protected:
  void TearDown() override { set_log_callback({}); }
};

TEST_F(LoggingTest, MessagesGoToTheCallback) {
  std::vector<std::pair<LogLevel, std::string>> heard;
  set_log_callback([&](LogLevel level, std::string_view message) { heard.emplace_back(level, message); });
  log_warning("careful");
  log(LogLevel::debug, "detail");
  EXPECT_THAT(heard, ElementsAre(Pair(LogLevel::warning, "careful"), Pair(LogLevel::debug, "detail")));
}

TEST_F(LoggingTest, WithoutACallbackMessagesAreDropped) {
  int heard = 0;
  set_log_callback([&](LogLevel, std::string_view) { ++heard; });
  set_log_callback({});
  log_warning("nobody listens");
  EXPECT_EQ(heard, 0);
}

TEST_F(LoggingTest, TheCallbackMayLogAndReplaceItself) {
  std::vector<std::string> heard;
  set_log_callback([&](LogLevel, std::string_view message) {
    heard.emplace_back(message);
    set_log_callback({});
    log_warning("dropped");
  });
  log_warning("first");
  EXPECT_THAT(heard, ElementsAre("first"));
}

TEST_F(LoggingTest, IsSafeWhileTheCallbackChanges) {
  std::atomic<int> heard = 0;
  std::atomic<bool> done = false;
  std::thread replacer([&] {
    do {
      set_log_callback([&](LogLevel, std::string_view) { ++heard; });
    } while (!done);
  });
  for (int i = 0; i < 2000; ++i) log_warning("message");
  done = true;
  replacer.join();
  log_warning("last");
  EXPECT_GT(heard, 0);
}

}  // namespace
}  // namespace inference_exp
