// A server, a client, and what the client brings back.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "hub/http.hpp"
#include "support/http_server.hpp"

namespace inference_exp::hub {

struct Answer {
  HttpResult result;
  std::string body;
  int heads = 0;
};

inline Answer send(HttpClient& client, const HttpRequest& request) {
  Answer answer;
  answer.result = client.send(
      request,
      [&](const HttpResponse&) {
        ++answer.heads;
        return true;
      },
      [&](std::span<const std::byte> piece) {
        answer.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        return true;
      });
  return answer;
}

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    // What the machine's own proxy thinks of loopback must not matter.
    ::setenv("no_proxy", "127.0.0.1,localhost", 1);
    client = make_curl_client();
  }

  Answer get(const std::string& url) { return send(*client, {.url = url}); }

  /// The failure of a request that must fail, in a way that keeps the address's query out of the message.
  HttpFailure failure(HttpRequest request) {
    request.url += "?signature=SECRET";
    const Answer answer = send(*client, request);
    if (!answer.result.failure) {
      ADD_FAILURE() << "status " << answer.result.response.status << ", expected a failure";
      return {};
    }
    EXPECT_THAT(answer.result.failure->message, ::testing::Not(::testing::HasSubstr("SECRET")));
    EXPECT_THAT(answer.result.failure->message, ::testing::Not(::testing::HasSubstr("signature")));
    return *answer.result.failure;
  }

  testing::HttpServer server;
  std::shared_ptr<HttpClient> client;
};

}  // namespace inference_exp::hub
