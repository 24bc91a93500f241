#include "hub/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/http_client_fixture.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::Not;
using Kind = HttpFailure::Kind;

TEST(OfflineClient, AsksNobody) {
  HttpServer server;
  const std::uint64_t before = http_requests_sent();
  const Answer answer = send(*make_offline_client(), {.url = server.url("/a?signature=SECRET")});
  ASSERT_TRUE(answer.result.failure);
  EXPECT_EQ(answer.result.failure->kind, Kind::offline);
  EXPECT_FALSE(answer.result.failure->retryable());
  EXPECT_THAT(answer.result.failure->message, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("SECRET"))));
  EXPECT_EQ(server.count(), 0U);
  EXPECT_EQ(http_requests_sent(), before);
}

TEST(HttpAddresses, ThePublicFormHasNoSecrets) {
  EXPECT_EQ(public_form("https://user:pw@cdn.example.test:8443/a/b?sig=x#y"), "https://cdn.example.test:8443/a/b");
  EXPECT_EQ(public_form("https://cdn.example.test?sig=a/b@c"), "https://cdn.example.test");
  EXPECT_EQ(public_form(""), "");
}

TEST(HttpAddresses, QueriesAreEncodedAndAppended) {
  EXPECT_EQ(with_query("http://h/p", {{"modelId", "ws/proj 1&2=ü"}}), "http://h/p?modelId=ws%2Fproj%201%262%3D%C3%BC");
  EXPECT_EQ(with_query("http://h/p?a=1#f", {{"b", "2"}, {"b", "3"}}), "http://h/p?a=1&b=2&b=3#f");
  EXPECT_EQ(with_query("http://h/p", {}), "http://h/p");
}

TEST(HttpAddresses, CollidingQueryNamesAreRefused) {
  EXPECT_THROW((void)with_query("http://h/p?a=1&b=2", {{"b", "3"}}), AssumptionError);
  EXPECT_THROW((void)through_gateway("http://h/p", "http://gateway?url=x"), AssumptionError);
}

TEST(HttpAddresses, Gateways) {
  const std::string wrapped = "http://gw:8080/proxy?url=https%3A%2F%2Fh%2Fp%3Fa%3D1%26b";
  EXPECT_EQ(through_gateway("https://h/p?a=1&b", "gw:8080"), wrapped);
  EXPECT_EQ(through_gateway("https://h/p?a=1&b", "http://gw:8080/"), wrapped);
  EXPECT_EQ(through_gateway(wrapped, "gw:8080"), wrapped);
  EXPECT_EQ(through_gateway("https://h/p", "https://gw/base"), "https://gw/base/proxy?url=https%3A%2F%2Fh%2Fp");
  EXPECT_EQ(through_gateway("https://h/p", "https://gw?team=1"), "https://gw/proxy?team=1&url=https%3A%2F%2Fh%2Fp");
  EXPECT_EQ(through_gateway("https://h/p", ""), "https://h/p");
}

}  // namespace
}  // namespace inference_exp::hub
