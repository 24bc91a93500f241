#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hub/http_client_fixture.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/version.hpp"

namespace inference_exp::hub {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::Ending;
using ::testing::HasSubstr;
using testing::HttpServer;
using Kind = HttpFailure::Kind;

TEST_F(HttpClientTest, FetchesABody) {
  server.on("/a", testing::answer(200, "hello", {{"X-Kind", " greeting "}}));
  const Answer answer = get(server.url("/a?x=1"));
  ASSERT_FALSE(answer.result.failure) << answer.result.failure->message;
  EXPECT_EQ(answer.result.response.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.heads, 1);
  EXPECT_EQ(answer.result.response.header("x-kind"), "greeting");
  EXPECT_EQ(answer.result.response.content_length(), 5U);
  EXPECT_EQ(answer.result.response.url, server.url("/a?x=1"));
  EXPECT_EQ(server.requests().at(0).query, "x=1");
}

TEST_F(HttpClientTest, SaysWhoItIsAndAsksForNoCompression) {
  server.on("/a", testing::answer(200));
  (void)get(server.url("/a"));
  const testing::Request request = server.requests().at(0);
  EXPECT_EQ(request.header("user-agent"), "inference-exp/" + std::string(kVersion));
  EXPECT_FALSE(request.has_header("accept-encoding"));
  EXPECT_FALSE(request.has_header("authorization"));
}

TEST_F(HttpClientTest, AnEmptyBodyStillHasAHead) {
  server.on("/a", testing::answer(204));
  const Answer answer = get(server.url("/a"));
  EXPECT_FALSE(answer.result.failure);
  EXPECT_EQ(answer.heads, 1);
}

TEST_F(HttpClientTest, AnErrorStatusIsAnAnswer) {
  server.on("/a", testing::answer(503, "busy", {{"Retry-After", "7"}}));
  const Answer answer = get(server.url("/a"));
  ASSERT_FALSE(answer.result.failure);
  EXPECT_EQ(answer.result.response.status, 503);
  EXPECT_EQ(answer.result.response.header("retry-after"), "7");
  EXPECT_EQ(answer.body, "busy");
}

TEST_F(HttpClientTest, LargeBodiesPassThrough) {
  const testing::Content content = testing::generated_content((16 << 20) + 3);
  server.on("/big", testing::serve_file(content));
  std::uint64_t received = 0;
  bool same = true;
  std::vector<std::byte> expected;
  const HttpResult result = client->send(
      {.url = server.url("/big")}, [](const HttpResponse&) { return true; },
      [&](std::span<const std::byte> piece) {
        expected.resize(piece.size());
        content.read(received, expected);
        same = same && std::memcmp(piece.data(), expected.data(), piece.size()) == 0;
        received += piece.size();
        return true;
      });
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(received, content.size);
  EXPECT_TRUE(same);
}

TEST_F(HttpClientTest, AsksForARange) {
  server.on("/f", testing::serve_file(testing::text_content("0123456789")));
  const Answer answer = send(*client, {.url = server.url("/f"), .range = ByteRange{2, 5}});
  EXPECT_EQ(answer.result.response.status, 206);
  EXPECT_EQ(answer.body, "2345");
  EXPECT_EQ(answer.result.response.header("content-range"), "bytes 2-5/10");
  EXPECT_EQ(server.requests().at(0).header("range"), "bytes=2-5");
}

TEST_F(HttpClientTest, AServerMayIgnoreTheRange) {
  server.on("/f", testing::ignore_ranges(testing::text_content("0123456789")));
  const Answer answer = send(*client, {.url = server.url("/f"), .range = ByteRange{2, 5}});
  EXPECT_EQ(answer.result.response.status, 200);
  EXPECT_EQ(answer.body, "0123456789");
}

TEST_F(HttpClientTest, AsksForTheHeadAlone) {
  server.on("/f", testing::serve_file(testing::generated_content(std::uint64_t{1} << 40)));
  const Answer answer = send(*client, {.url = server.url("/f"), .method = HttpRequest::Method::head});
  EXPECT_FALSE(answer.result.failure);
  EXPECT_EQ(answer.result.response.content_length(), std::uint64_t{1} << 40);
  EXPECT_EQ(server.requests().at(0).method, "HEAD");
}

TEST_F(HttpClientTest, ConnectionsAreReused) {
  server.on("/f", testing::answer(200, "x"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(server.url("/f")).body, "x");
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClientTest, CountsWhatItSends) {
  server.on("/f", testing::answer(200));
  const std::uint64_t before = http_requests_sent();
  (void)get(server.url("/f"));
  (void)get(server.url("/f"));
  EXPECT_EQ(http_requests_sent() - before, 2U);
}

TEST_F(HttpClientTest, ServesManyThreadsAtOnce) {
  const testing::Content content = testing::generated_content(300000);
  const std::string expected = content.text();
  server.on("/f", testing::serve_file(content));
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 10; ++k) right += get(server.url("/f")).body == expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
  EXPECT_LE(server.connections(), 8U);
}

// What the caller's own functions may do.

TEST_F(HttpClientTest, TheHeadMayEndTheRequest) {
  server.on("/f", testing::endless_body());
  bool body = false;
  const HttpResult result = client->send(
      {.url = server.url("/f")}, [](const HttpResponse&) { return false; },
      [&](std::span<const std::byte>) { return body = true; });
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::cancelled);
  EXPECT_EQ(result.response.status, 200);
  EXPECT_FALSE(body);
}

TEST_F(HttpClientTest, TheBodysSinkMayEndTheRequest) {
  server.on("/f", testing::endless_body());
  const HttpResult result = client->send(
      {.url = server.url("/f")}, [](const HttpResponse&) { return true; },
      [](std::span<const std::byte>) { return false; });
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::cancelled);
  EXPECT_FALSE(result.failure->retryable());
}

TEST_F(HttpClientTest, WhatASinkThrowsPassesThrough) {
  server.on("/f", testing::answer(200, "text"));
  EXPECT_THROW(
      (void)client->send(
          {.url = server.url("/f")}, [](const HttpResponse&) -> bool { throw ModelCacheError("The disk is full."); },
          [](std::span<const std::byte>) { return true; }),
      ModelCacheError);
  EXPECT_THROW((void)client->send(
                   {.url = server.url("/f")}, [](const HttpResponse&) { return true; },
                   [](std::span<const std::byte>) -> bool { throw std::length_error("too long"); }),
               std::length_error);
  EXPECT_EQ(get(server.url("/f")).body, "text");
}

TEST_F(HttpClientTest, AStopTokenEndsASilentRequest) {
  std::stop_source stop;
  server.on("/f", [&](const testing::Request&, testing::Response& response) {
    response.status = 0;
    response.ending = Ending::silence;
    stop.request_stop();
  });
  const HttpFailure why = failure({.url = server.url("/f"), .idle_timeout = 1h, .stop = stop.get_token()});
  EXPECT_EQ(why.kind, Kind::cancelled);
}

// Servers and networks that fail.

TEST_F(HttpClientTest, NobodyListens) {
  std::string url;
  { url = HttpServer().url("/f"); }
  const HttpFailure why = failure({.url = url});
  EXPECT_EQ(why.kind, Kind::unreachable);
  EXPECT_TRUE(why.retryable());
  EXPECT_THAT(why.message, HasSubstr("127.0.0.1"));
}

TEST_F(HttpClientTest, AHostWithoutAnAddress) {
  // No name has a part that long, so that nobody needs to be asked.
  EXPECT_EQ(failure({.url = "http://" + std::string(70, 'a') + ".test/f"}).kind, Kind::unreachable);
}

TEST_F(HttpClientTest, AFailureDoesNotSpoilTheNextRequest) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(failure({.url = "http://no-such-host.invalid/f"}).kind, Kind::unreachable);
  }
}

TEST_F(HttpClientTest, ABodyThatEndsEarly) {
  server.on("/f", testing::cut_after(1000, Ending::close, testing::serve_file(testing::generated_content(5000))));
  const HttpFailure why = failure({.url = server.url("/f")});
  EXPECT_EQ(why.kind, Kind::interrupted);
  EXPECT_TRUE(why.retryable());
  EXPECT_THAT(why.message, HasSubstr("1000 of 5000 bytes"));
}

TEST_F(HttpClientTest, AnAnnouncedLengthThatIsTooLong) {
  server.on("/f", testing::announce_length(11, testing::answer(200, "0123456789")));
  EXPECT_EQ(failure({.url = server.url("/f")}).kind, Kind::interrupted);
}

TEST_F(HttpClientTest, NoMoreThanTheAnnouncedLengthIsDelivered) {
  server.on("/f", testing::announce_length(4, testing::answer(200, "0123456789")));
  EXPECT_EQ(get(server.url("/f")).body, "0123");
}

TEST_F(HttpClientTest, AConnectionThatIsReset) {
  server.on("/f",
            testing::cut_after(1 << 20, Ending::reset, testing::serve_file(testing::generated_content(32 << 20))));
  EXPECT_EQ(failure({.url = server.url("/f")}).kind, Kind::interrupted);
}

TEST_F(HttpClientTest, AConnectionThatClosesWithoutAnAnswer) {
  server.on("/f", [](const testing::Request&, testing::Response& response) { response.status = 0; });
  EXPECT_EQ(failure({.url = server.url("/f")}).kind, Kind::interrupted);
}

TEST_F(HttpClientTest, AChunkedBodyThatEndsEarly) {
  server.on("/f", [](const testing::Request&, testing::Response& response) {
    response.body = testing::text_content("0123456789");
    response.framing = testing::Response::Framing::chunked;
    response.cut_after = 5;
    response.ending = Ending::close;
  });
  EXPECT_EQ(failure({.url = server.url("/f")}).kind, Kind::interrupted);
}

TEST_F(HttpClientTest, SilenceBeforeTheAnswer) {
  server.on("/f", [](const testing::Request&, testing::Response& response) {
    response.status = 0;
    response.ending = Ending::silence;
  });
  const HttpFailure why = failure({.url = server.url("/f"), .idle_timeout = 300ms});
  EXPECT_EQ(why.kind, Kind::timeout);
  EXPECT_TRUE(why.retryable());
  EXPECT_THAT(why.message, AllOf(HasSubstr("127.0.0.1"), HasSubstr("300 ms")));
}

TEST_F(HttpClientTest, SilenceInTheMiddle) {
  server.on("/f", testing::cut_after(1000, Ending::silence, testing::serve_file(testing::generated_content(5000))));
  EXPECT_EQ(failure({.url = server.url("/f"), .idle_timeout = 300ms}).kind, Kind::timeout);
}

TEST_F(HttpClientTest, ATrickleCountsAsSilence) {
  server.on("/f", testing::trickle(20ms, 1, testing::serve_file(testing::generated_content(std::uint64_t{1} << 30))));
  const HttpFailure why = failure({.url = server.url("/f"), .idle_timeout = 500ms, .min_bytes_per_second = 100000});
  EXPECT_EQ(why.kind, Kind::timeout);
}

TEST_F(HttpClientTest, SlowButSteadyIsFine) {
  server.on("/f", testing::trickle(20ms, 1, testing::answer(200, "0123456789")));
  EXPECT_EQ(send(*client, {.url = server.url("/f"), .idle_timeout = 60s}).body, "0123456789");
}

TEST_F(HttpClientTest, ASlowSinkIsNotTheServersSilence) {
  server.on("/f", testing::serve_file(testing::generated_content(8 << 20)));
  bool slept = false;
  const HttpResult result = client->send(
      {.url = server.url("/f"), .idle_timeout = 1s, .min_bytes_per_second = 10},
      [](const HttpResponse&) { return true; },
      [&](std::span<const std::byte>) {
        if (!std::exchange(slept, true)) std::this_thread::sleep_for(1500ms);
        return true;
      });
  EXPECT_FALSE(result.failure) << result.failure->message;
}

TEST_F(HttpClientTest, ABodyWithoutEnd) {
  server.on("/f", testing::endless_body());
  const HttpFailure why = failure({.url = server.url("/f"), .max_body_bytes = 1 << 20});
  EXPECT_EQ(why.kind, Kind::too_large);
  EXPECT_FALSE(why.retryable());
}

TEST_F(HttpClientTest, ATooLongBodyIsRefusedBeforeItComes) {
  server.on("/f", testing::serve_file(testing::generated_content(std::uint64_t{1} << 40)));
  const Answer answer = send(*client, {.url = server.url("/f"), .max_body_bytes = 1 << 20});
  ASSERT_TRUE(answer.result.failure);
  EXPECT_EQ(answer.result.failure->kind, Kind::too_large);
  EXPECT_EQ(answer.heads, 0);
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpClientTest, ExactlyTheAllowedLengthIsFine) {
  server.on("/f", testing::answer(200, "0123456789"));
  EXPECT_EQ(send(*client, {.url = server.url("/f"), .max_body_bytes = 10}).body, "0123456789");
}

TEST_F(HttpClientTest, AHeadWithoutEnd) {
  server.on("/f", [](const testing::Request&, testing::Response& response) {
    for (int i = 0; i < 20000; ++i) response.headers.emplace_back("X-" + std::to_string(i), "and so on and so forth");
  });
  EXPECT_FALSE(failure({.url = server.url("/f")}).retryable());
}

TEST_F(HttpClientTest, AnAnswerThatIsNotHttp) {
  server.on("/f",
            [](const testing::Request&, testing::Response& response) { response.raw = "220 mail ready\r\n\r\n"; });
  EXPECT_EQ(failure({.url = server.url("/f")}).kind, Kind::invalid);
}

TEST_F(HttpClientTest, AddressesThatAreNoneOrOfAnotherKind) {
  for (const char* url : {"", "no address", "ftp://127.0.0.1/f", "file:///etc/hostname", "http://", "http://a b/"}) {
    const Answer answer = get(url);
    ASSERT_TRUE(answer.result.failure) << url;
    EXPECT_EQ(answer.result.failure->kind, Kind::invalid) << url;
  }
}

TEST_F(HttpClientTest, HeadersCantSmuggle) {
  server.on("/f", testing::answer(200));
  EXPECT_EQ(failure({.url = server.url("/f"), .headers = {{"X-A", "1\r\nX-B: 2"}}}).kind, Kind::invalid);
  EXPECT_EQ(failure({.url = server.url("/f"), .bearer_token = "key\nX-B: 2"}).kind, Kind::invalid);
  EXPECT_EQ(server.count(), 0U);
}

TEST_F(HttpClientTest, ProxiesComeFromTheEnvironment) {
  server.on("/model", testing::answer(200, "through the proxy"));
  ::setenv("http_proxy", server.url().c_str(), 1);
  const Answer answer = get("http://models.invalid/model");
  ::unsetenv("http_proxy");
  EXPECT_EQ(answer.body, "through the proxy");
  EXPECT_EQ(server.requests().at(0).target, "http://models.invalid/model");
}

}  // namespace
}  // namespace inference_exp::hub
