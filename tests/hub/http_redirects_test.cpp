// Where the client goes from one host to the next, and whom it trusts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "hub/http_client_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::hub {
namespace {

using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::Not;
using Kind = HttpFailure::Kind;

TEST_F(HttpClientTest, FollowsRedirects) {
  server.on("/a", testing::redirect("/b?x=1"));
  server.on("/b", testing::redirect(server.url("/c"), 307));
  server.on("/c", testing::answer(200, "here"));
  const Answer answer = send(*client, {.url = server.url("/a"), .headers = {{"X-Any", "1"}}});
  EXPECT_EQ(answer.body, "here");
  EXPECT_EQ(answer.heads, 1);
  EXPECT_EQ(answer.result.response.url, server.url("/c"));
  EXPECT_EQ(server.requests("/b").at(0).query, "x=1");
  EXPECT_EQ(server.requests("/c").at(0).header("x-any"), "1");
}

TEST_F(HttpClientTest, RangesSurviveRedirects) {
  server.on("/a", testing::redirect("/b"));
  server.on("/b", testing::serve_file(testing::text_content("0123456789")));
  EXPECT_EQ(send(*client, {.url = server.url("/a"), .range = ByteRange{8, 9}}).body, "89");
}

TEST_F(HttpClientTest, WithoutRedirectsTheRedirectIsTheAnswer) {
  server.on("/a", testing::redirect("/b"));
  const Answer answer = send(*client, {.url = server.url("/a"), .max_redirects = 0});
  EXPECT_FALSE(answer.result.failure);
  EXPECT_EQ(answer.result.response.status, 302);
  EXPECT_EQ(server.count("/b"), 0U);
}

TEST_F(HttpClientTest, SecretsStayWithTheFirstHost) {
  HttpServer other;
  server.on("/a", testing::redirect("/b"));
  server.on("/b", testing::redirect(other.url("/c")));
  other.on("/c", testing::answer(200, "here"));
  const Answer answer = send(*client, {.url = server.url("/a"),
                                       .headers = {{"If-Range", "\"v1\""}},
                                       .bearer_token = "KEY",
                                       .first_host_headers = {{"X-Team", "blue"}}});
  EXPECT_EQ(answer.body, "here");
  for (const char* path : {"/a", "/b"}) {
    EXPECT_EQ(server.requests(path).at(0).header("authorization"), "Bearer KEY");
    EXPECT_EQ(server.requests(path).at(0).header("x-team"), "blue");
  }
  EXPECT_FALSE(other.requests("/c").at(0).has_header("authorization"));
  EXPECT_FALSE(other.requests("/c").at(0).has_header("x-team"));
  EXPECT_EQ(other.requests("/c").at(0).header("if-range"), "\"v1\"");
}

TEST_F(HttpClientTest, AnotherNameOfTheMachineIsAnotherHost) {
  server.on("/a", testing::redirect(server.url("/b", "localhost")));
  server.on("/b", testing::answer(200));
  (void)send(*client, {.url = server.url("/a"), .bearer_token = "KEY"});
  EXPECT_FALSE(server.requests("/b").at(0).has_header("authorization"));
}

TEST_F(HttpClientTest, TheTokenOfOneRequestIsNotSentWithTheNext) {
  server.on("/a", testing::answer(200));
  (void)send(*client, {.url = server.url("/a"), .bearer_token = "KEY"});
  (void)send(*client, {.url = server.url("/a")});
  EXPECT_FALSE(server.requests("/a").at(1).has_header("authorization"));
}

TEST_F(HttpClientTest, RedirectsInACircle) {
  server.on("/a", testing::redirect("/b"));
  server.on("/b", testing::redirect("/a"));
  EXPECT_EQ(send(*client, {.url = server.url("/a")}).result.failure.value().kind, Kind::forbidden_redirect);
  EXPECT_EQ(server.count(), 2U);
}

TEST_F(HttpClientTest, RedirectsWithoutEnd) {
  server.on("*", [](const testing::Request& request, testing::Response& response) {
    testing::redirect(request.path + "x")(request, response);
  });
  const HttpFailure why = failure({.url = server.url("/a"), .max_redirects = 3});
  EXPECT_EQ(why.kind, Kind::forbidden_redirect);
  EXPECT_EQ(server.count(), 4U);
}

TEST_F(HttpClientTest, RedirectsToOtherSchemes) {
  for (const char* target : {"file:///etc/hostname", "ftp://127.0.0.1/f", "gopher://127.0.0.1/f"}) {
    server.on("/a", testing::redirect(target));
    EXPECT_EQ(failure({.url = server.url("/a")}).kind, Kind::forbidden_redirect) << target;
  }
  for (const char* target : {"data:text/plain,x", "javascript:alert(1)", "http://"}) {
    server.on("/a", testing::redirect(target));
    EXPECT_FALSE(failure({.url = server.url("/a")}).retryable()) << target;
  }
}

TEST_F(HttpClientTest, ARedirectsOwnBodyIsNotWaitedFor) {
  server.on("/a", [](const testing::Request& request, testing::Response& response) {
    testing::endless_body()(request, response);
    response.status = 302;
    response.headers.emplace_back("Location", "/b");
  });
  server.on("/b", testing::answer(200, "here"));
  EXPECT_EQ(get(server.url("/a")).body, "here");
}

// TLS.

/// A client that trusts one certificate, as SSL_CERT_FILE says.
class TrustingClient {
 public:
  explicit TrustingClient(const testing::TlsIdentity& identity) {
    std::ofstream(file_) << testing::certificate_pem(identity);
    ::unsetenv("CURL_CA_BUNDLE");  // would count more
    ::setenv("SSL_CERT_FILE", file_.c_str(), 1);
    client_ = make_curl_client();
    ::unsetenv("SSL_CERT_FILE");
  }
  Answer send(const HttpRequest& request) { return hub::send(*client_, request); }

 private:
  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "certificate.pem";
  std::shared_ptr<HttpClient> client_;
};

class HttpsTest : public HttpClientTest {
 protected:
  std::shared_ptr<const testing::TlsIdentity> identity = testing::make_tls_identity();
  HttpServer secure{identity};
  TrustingClient trusting{*identity};
};

TEST_F(HttpsTest, TrustsTheCertificatesOfTheEnvironment) {
  secure.on("/a", testing::serve_file(testing::text_content("safe")));
  const Answer answer = trusting.send({.url = secure.url("/a")});
  EXPECT_EQ(answer.body, "safe") << (answer.result.failure ? answer.result.failure->message : "");
}

TEST_F(HttpsTest, AnUnknownCertificateIsRefused) {
  secure.on("/a", testing::answer(200, "safe?"));
  const HttpFailure why = failure({.url = secure.url("/a")});
  EXPECT_EQ(why.kind, Kind::tls);
  EXPECT_FALSE(why.retryable());
  EXPECT_EQ(secure.count(), 0U);
}

TEST_F(HttpsTest, ACertificateOfAnotherNameIsRefused) {
  const auto other_identity = testing::make_tls_identity("DNS:elsewhere.test");
  HttpServer other(other_identity);
  const Answer answer = TrustingClient(*other_identity).send({.url = other.url("/a")});
  ASSERT_TRUE(answer.result.failure);
  EXPECT_EQ(answer.result.failure->kind, Kind::tls);
  EXPECT_EQ(other.count(), 0U);
}

TEST_F(HttpsTest, RedirectsToPlainHttpAreRefused) {
  server.on("/plain", testing::answer(200, "unsafe"));
  secure.on("/a", testing::redirect(server.url("/plain?signature=SECRET")));
  const Answer answer = trusting.send({.url = secure.url("/a"), .bearer_token = "KEY"});
  ASSERT_TRUE(answer.result.failure);
  EXPECT_EQ(answer.result.failure->kind, Kind::forbidden_redirect);
  EXPECT_THAT(answer.result.failure->message, Not(HasSubstr("SECRET")));
  EXPECT_EQ(server.count(), 0U);
}

TEST_F(HttpsTest, RedirectsToHttpsAreFollowedWithoutTheToken) {
  server.on("/a", testing::redirect(secure.url("/b")));
  secure.on("/b", testing::answer(200, "safe"));
  EXPECT_EQ(trusting.send({.url = server.url("/a"), .bearer_token = "KEY"}).body, "safe");
  EXPECT_FALSE(secure.requests("/b").at(0).has_header("authorization"));
}

}  // namespace
}  // namespace inference_exp::hub
