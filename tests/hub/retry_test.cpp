#include "hub/retry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

HttpResult status(int code, HttpHeaders headers = {}) {
  return {.failure = {},
          .response = {.status = code, .headers = std::move(headers), .url = "https://api.test/a?key=SECRET"}};
}
HttpResult failure(HttpFailure::Kind kind) {
  return {.failure = HttpFailure{kind, "api.test is away."}, .response = {}};
}

class RetryTest : public ::testing::Test {
 protected:
  RetryTest() {
    policy.sleep = [this](milliseconds time) { pauses.push_back(time); };
    policy.random = [] { return 0.5; };
  }

  /// Runs through `outcomes`, one for each try.
  HttpResult run(std::vector<HttpResult> outcomes) {
    return with_retries(policy, "Asking", [&] {
      EXPECT_LT(tries, outcomes.size()) << "too many tries";
      return outcomes.at(tries++);
    });
  }

  RetryPolicy policy;
  std::vector<milliseconds> pauses;
  std::size_t tries = 0;
};

TEST_F(RetryTest, ASuccessNeedsOneTry) {
  EXPECT_EQ(run({status(200)}).response.status, 200);
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(RetryTest, TwoFailuresAndASuccess) {
  EXPECT_EQ(run({status(503), failure(HttpFailure::Kind::timeout), status(200)}).response.status, 200);
  EXPECT_THAT(pauses, ElementsAre(500ms, 1000ms));
}

TEST_F(RetryTest, EveryListedStatusIsTriedAgain) {
  for (const int code : {408, 429, 502, 503, 504}) {
    tries = 0;
    EXPECT_EQ(run({status(code), status(200)}).response.status, 200) << code;
  }
}

TEST_F(RetryTest, OtherStatusesAreAnswers) {
  for (const int code : {301, 400, 401, 404, 500}) {
    tries = 0;
    EXPECT_EQ(run({status(code)}).response.status, code);
  }
}

TEST_F(RetryTest, WhatTryingAgainWontChangeIsHandedBack) {
  for (const auto kind : {HttpFailure::Kind::tls, HttpFailure::Kind::too_large, HttpFailure::Kind::forbidden_redirect,
                          HttpFailure::Kind::invalid, HttpFailure::Kind::cancelled, HttpFailure::Kind::offline}) {
    tries = 0;
    EXPECT_EQ(run({failure(kind)}).failure.value().kind, kind);
  }
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(RetryTest, TheLastFailureEndsInAnErrorThatSaysWhatHowOftenAndWhy) {
  try {
    (void)run({failure(HttpFailure::Kind::unreachable), status(502), status(503)});
    FAIL() << "expected a RetryError";
  } catch (const RetryError& error) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr("Asking"), HasSubstr("3 tries"), HasSubstr("api.test"),
                                       HasSubstr("status 503"), Not(HasSubstr("SECRET"))));
    EXPECT_THAT(error.hint(), Not(IsEmpty()));
  }
  EXPECT_EQ(pauses.size(), 2U);
}

TEST_F(RetryTest, OneTryMeansNoPause) {
  policy.max_tries = 1;
  EXPECT_THROW((void)run({status(503)}), RetryError);
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(RetryTest, PausesGrowWithFullJitterUpToTheLongest) {
  policy.longest_pause = 5s;
  const auto longest = [&](int tries_so_far, double drawn) {
    policy.random = [drawn] { return drawn; };
    return pause_before_retry(policy, tries_so_far, {});
  };
  EXPECT_EQ(longest(1, 0), 0ms);
  EXPECT_EQ(longest(1, 1), 1000ms);
  EXPECT_EQ(longest(2, 1), 2000ms);
  EXPECT_EQ(longest(3, 1), 4000ms);
  EXPECT_EQ(longest(4, 1), 5000ms);
  EXPECT_EQ(longest(2000000000, 1), 5000ms);
  EXPECT_EQ(longest(4, 0.25), 1250ms);
}

TEST_F(RetryTest, WithoutASourceOfChancePausesStayInBounds) {
  policy.random = {};
  for (int i = 0; i < 100; ++i) {
    const milliseconds pause = pause_before_retry(policy, 2, {});
    EXPECT_GE(pause, 0ms);
    EXPECT_LE(pause, 2000ms);
  }
}

TEST_F(RetryTest, RetryAfterIsObeyedUpToTheLongestPause) {
  (void)run({status(429, {{"retry-after", "7"}}), status(503, {{"retry-after", "86400"}}), status(200)});
  EXPECT_THAT(pauses, ElementsAre(7000ms, 60000ms));
}

TEST(RetryAfter, IsSecondsOrADate) {
  const auto now = std::chrono::system_clock::from_time_t(1445412480);  // Wed, 21 Oct 2015 07:28:00 GMT
  const auto parse = [&](const char* text) {
    return retry_after({.status = 503, .headers = {{"retry-after", text}}}, now);
  };
  EXPECT_EQ(parse("0"), 0ms);
  EXPECT_EQ(parse("120"), 120s);
  EXPECT_EQ(parse("Wed, 21 Oct 2015 07:28:30 GMT"), 30s);
  EXPECT_EQ(parse("Wed, 21 Oct 2015 07:00:00 GMT"), 0ms);
  EXPECT_GE(parse("Fri, 31 Dec 9999 23:59:59 GMT"), 60s);
  for (const char* nonsense : {"", "-1", "soon", "1.5", "12 apples", "99999999999999999999", "GMT"}) {
    EXPECT_EQ(parse(nonsense), std::nullopt) << nonsense;
  }
  EXPECT_EQ(retry_after({}, now), std::nullopt);
}

}  // namespace
}  // namespace inference_exp::hub
