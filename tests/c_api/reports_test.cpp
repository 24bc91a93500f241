// Texts about this machine, and messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "c_api/c_handles.hpp"
#include "core/log.hpp"
#include "inference_exp/version.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::ElementsAre;

TEST(Reports, SayTheVersions) {
  EXPECT_EQ(inference_exp_library_version(), kVersion);
  EXPECT_EQ(inference_exp_c_api_version(), INFERENCE_EXP_C_API_VERSION);
}

TEST(Reports, DescribeTheMachine) {
  const auto described = nlohmann::json::parse(
      text_of([](char** json, auto** error) { return inference_exp_describe_environment(nullptr, 0, json, error); }));
  EXPECT_EQ(described["library_version"], kVersion);
  EXPECT_TRUE(std::ranges::any_of(described["backends"], [](const auto& b) { return b["name"] == "onnx"; }));
}

TEST(Messages, ReachTheCallbackUntilItIsTakenAway) {
  std::vector<std::string> heard;
  const auto hear = [](void* user, std::int32_t level, const char* message) {
    static_cast<std::vector<std::string>*>(user)->push_back(std::to_string(level) + " " + message);
  };
  EXPECT_EQ(inference_exp_set_log_callback(hear, &heard, nullptr), INFERENCE_EXP_OK);
  log(LogLevel::warning, std::string_view("low water, high").substr(0, 9));
  EXPECT_EQ(inference_exp_set_log_callback(nullptr, nullptr, nullptr), INFERENCE_EXP_OK);
  log(LogLevel::warning, "nobody hears this");
  EXPECT_THAT(heard, ElementsAre("2 low water"));
}

}  // namespace
}  // namespace inference_exp::testing
