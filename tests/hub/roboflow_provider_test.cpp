#include "hub/roboflow_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/logging.hpp"
#include "support/http_server.hpp"

namespace inference_exp::hub {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kPath = "/models/v1/external/weights";
constexpr const char* kKey = "rf_SECRET0123";

Json package(const std::string& id) {
  return {{"type", "external-model-package-v1"},
          {"packageId", id},
          {"trustedSource", true},
          {"packageManifest",
           {{"type", "onnx-model-package-v1"},
            {"backendType", "onnx"},
            {"dynamicBatchSize", true},
            {"quantization", "fp32"},
            {"opset", 19}}},
          {"packageFiles", Json::array({{{"fileHandle", "weights.onnx"},
                                         {"downloadUrl", "https://cdn.test/w?sig=abc"},
                                         {"md5Hash", "9e107d9d372bb6826bd81d3542a419d6"}}})}};
}

std::string page(const std::vector<Json>& packages, const Json& next = nullptr, const std::string& variant = "") {
  const Json document = {{"modelMetadata",
                          {{"type", "external-model-metadata-v1"},
                           {"modelId", "coco/36"},
                           {"modelArchitecture", "rfdetr"},
                           {"modelVariant", variant},
                           {"taskType", "object-detection"},
                           {"nextPage", next},
                           {"modelPackages", packages}}}};
  return document.dump();
}

std::vector<std::string> ids(const ModelMetadata& model) {
  std::vector<std::string> result;
  for (const PackageMetadata& package : model.packages) result.push_back(package.id);
  return result;
}

class RoboflowProviderTest : public ::testing::Test {
 protected:
  RoboflowProviderTest() {
    ::setenv("no_proxy", "127.0.0.1,localhost", 1);
    environment.api_host = server.url();
    environment.retry_statuses = {408, 429, 502, 503, 504};
    set_log_callback([this](LogLevel level, std::string_view message) {
      logged += std::string(message) + "\n";
      if (level == LogLevel::warning) warnings.emplace_back(message);
    });
  }
  ~RoboflowProviderTest() override {
    set_log_callback({});
    EXPECT_THAT(logged, Not(HasSubstr(kKey)));
  }

  ModelMetadata ask(const ProviderRequest& request = {.model_id = "rfdetr-base", .api_key = kKey}) {
    RetryPolicy retries = retry_policy(environment);
    retries.sleep = [this](std::chrono::milliseconds time) { pauses.push_back(time); };
    return RoboflowProvider(environment, make_curl_client(), retries).model_metadata(request);
  }

  /// The error of that class; its text must help and must not have the key.
  template <typename E>
  std::string refusal(const ProviderRequest& request = {.model_id = "rfdetr-base", .api_key = kKey}) {
    try {
      (void)ask(request);
    } catch (const Error& error) {
      EXPECT_NE(dynamic_cast<const E*>(&error), nullptr) << error.name() << ": " << error.what();
      EXPECT_THAT(error.hint(), Not(IsEmpty()));
      EXPECT_THAT(error.what(), Not(HasSubstr(kKey)));
      return error.what();
    }
    ADD_FAILURE() << "expected an error";
    return {};
  }

  void serve(testing::Handler handler) { server.on(kPath, std::move(handler)); }

  HttpServer server;
  HubEnvironment environment;
  std::vector<std::string> warnings;
  std::string logged;
  std::vector<std::chrono::milliseconds> pauses;
};

// What is asked.

TEST_F(RoboflowProviderTest, OnePage) {
  serve(testing::answer_json(page({package("a1"), package("b2")}, nullptr, "rfdetr-base")));
  const ModelMetadata model = ask();
  EXPECT_EQ(model.model_id, "coco/36");
  EXPECT_EQ(model.architecture, "rfdetr");
  EXPECT_EQ(model.variant, "rfdetr-base");
  EXPECT_EQ(model.task, "object-detection");
  EXPECT_THAT(ids(model), ElementsAre("a1", "b2"));
  ASSERT_THAT(model.packages.at(0).files, SizeIs(1));
  EXPECT_EQ(model.packages.at(0).files.at(0).url, "https://cdn.test/w?sig=abc");

  ASSERT_EQ(server.count(), 1U);
  const testing::Request request = server.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, kPath);
  EXPECT_EQ(request.query, "modelId=rfdetr-base");
  EXPECT_EQ(request.header("authorization"), std::string("Bearer ") + kKey);
}

TEST_F(RoboflowProviderTest, ModelIdsAreEncoded) {
  serve(testing::answer_json(page({package("a1")})));
  (void)ask({.model_id = "my ws/proj&x=1/2"});
  EXPECT_EQ(server.requests().at(0).query, "modelId=my%20ws%2Fproj%26x%3D1%2F2");
}

TEST_F(RoboflowProviderTest, WithoutAKeyNoneIsSent) {
  serve(testing::answer_json(page({package("a1")})));
  (void)ask({.model_id = "m", .api_key = ""});
  (void)ask({.model_id = "m", .api_key = "local"});
  for (const testing::Request& request : server.requests()) {
    EXPECT_FALSE(request.has_header("authorization"));
    EXPECT_EQ(request.query, "modelId=m");
  }
}

TEST_F(RoboflowProviderTest, FurtherParametersAndHeadersGoAlongButOwnOnesWin) {
  serve(testing::answer_json(page({package("a1")})));
  (void)ask({.model_id = "m",
             .api_key = kKey,
             .query = {{"tag", "1"}, {"modelId", "other"}, {"tag", "2"}, {"startAfter", "x"}},
             .headers = {{"X-Team", "blue"}, {"AUTHORIZATION", "Basic abc"}}});
  const testing::Request request = server.requests().at(0);
  EXPECT_EQ(request.query, "modelId=m&tag=1&tag=2");
  EXPECT_EQ(request.header("x-team"), "blue");
  EXPECT_EQ(request.header("authorization"), std::string("Bearer ") + kKey);
}

TEST_F(RoboflowProviderTest, WithoutAKeyACallersOwnAuthorizationIsSent) {
  serve(testing::answer_json(page({package("a1")})));
  (void)ask({.model_id = "m", .headers = {{"Authorization", "Basic abc"}}});
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Basic abc");
}

TEST_F(RoboflowProviderTest, WhatCantBeSentIsRefused) {
  for (const char* id : {"", " ", "\t\n"}) {
    EXPECT_THAT(refusal<InvalidParameterError>({.model_id = id}), HasSubstr("model id")) << id;
  }
  for (const char* key : {"a b", "key\r\nX-Evil: 1", "schl\xC3\xBCssel"}) {
    const std::string text = refusal<InvalidParameterError>({.model_id = "m", .api_key = key});
    EXPECT_THAT(text, AllOf(HasSubstr("API key"), Not(HasSubstr(key))));
  }
  EXPECT_THAT(refusal<InvalidParameterError>({.model_id = "m", .headers = {{"X-A", "1\r\nX-B: 2"}}}), HasSubstr("X-A"));
  EXPECT_THAT(refusal<InvalidParameterError>({.model_id = "m", .headers = {{"", "1"}}}), HasSubstr("header"));
  EXPECT_EQ(server.count(), 0U);
}

TEST_F(RoboflowProviderTest, ThroughAGateway) {
  HttpServer gateway;
  gateway.on("/proxy", testing::answer_json(page({package("a1")})));
  environment.api_host = "https://api.test";
  environment.gateway = gateway.url();
  EXPECT_THAT(ids(ask()), ElementsAre("a1"));
  const testing::Request request = gateway.requests().at(0);
  EXPECT_THAT(request.query_values("url"),
              ElementsAre("https://api.test/models/v1/external/weights?modelId=rfdetr-base"));
  EXPECT_EQ(request.header("authorization"), std::string("Bearer ") + kKey);
}

// Pages.

TEST_F(RoboflowProviderTest, ThreePages) {
  serve([](const testing::Request& request, testing::Response& response) {
    const std::vector<std::string> after = request.query_values("startAfter");
    if (after.empty()) {
      testing::answer_json(page({package("a1")}, "p/2", "first"))(request, response);
    } else if (after.at(0) == "p/2") {
      testing::answer_json(page({package("b2"), package("c3")}, "p/3", "second"))(request, response);
    } else {
      testing::answer_json(page({package("d4")}, nullptr, "third"))(request, response);
    }
  });
  const ModelMetadata model = ask();
  EXPECT_THAT(ids(model), ElementsAre("a1", "b2", "c3", "d4"));
  EXPECT_EQ(model.variant, "third");
  EXPECT_EQ(server.requests().at(1).query, "modelId=rfdetr-base&startAfter=p%2F2");
  EXPECT_EQ(server.count(), 3U);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(RoboflowProviderTest, AfterTenPagesTheRestIsLeftOutWithAWarning) {
  serve(testing::answer_json(page({package("a1")}, "more")));
  EXPECT_THAT(ask().packages, SizeIs(10));
  EXPECT_EQ(server.count(), 10U);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("10 pages")));
}

TEST_F(RoboflowProviderTest, ExactlyTenPagesNeedNoWarning) {
  serve(testing::fail_first(9, testing::answer_json(page({package("a1")}, "more")),
                            testing::answer_json(page({package("z9")}))));
  EXPECT_THAT(ask().packages, SizeIs(10));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(RoboflowProviderTest, AnEmptyNextPageIsNone) {
  serve(testing::answer_json(page({package("a1")}, "")));
  EXPECT_THAT(ask().packages, SizeIs(1));
  EXPECT_EQ(server.count(), 1U);
}

TEST_F(RoboflowProviderTest, NoPackagesAtAll) {
  serve(testing::answer_json(page({})));
  EXPECT_THAT(refusal<ModelRetrievalError>(), AllOf(HasSubstr("no packages"), HasSubstr("rfdetr-base")));
}

TEST_F(RoboflowProviderTest, UnreadablePackagesAreSkippedWithAWarning) {
  Json unknown = package("unknown1");
  unknown["packageManifest"]["type"] = "quantum-model-package-v1";
  Json contradictory = package("bad1");
  contradictory["packageManifest"]["dynamicBatchSize"] = false;
  serve(testing::answer_json(page({unknown, package("a1"), contradictory})));
  const ModelMetadata model = ask();
  EXPECT_THAT(ids(model), ElementsAre("a1"));
  EXPECT_THAT(model.skipped, SizeIs(2));
  EXPECT_THAT(warnings, AllOf(Contains(HasSubstr("unknown1")), Contains(HasSubstr("bad1"))));
}

TEST_F(RoboflowProviderTest, OnlyUnreadablePackages) {
  Json unknown = package("unknown1");
  unknown["packageManifest"]["type"] = "quantum-model-package-v1";
  serve(testing::answer_json(page({unknown})));
  EXPECT_THAT(refusal<ModelRetrievalError>(), AllOf(HasSubstr("1 were skipped"), HasSubstr("quantum")));
}

// Statuses.

TEST_F(RoboflowProviderTest, EachStatusHasItsError) {
  const auto with = [&](int status) { serve(testing::answer(status, R"({"message": "no luck"})")); };
  with(401);
  EXPECT_THAT(refusal<UnauthorizedModelAccessError>(), AllOf(HasSubstr("no luck"), HasSubstr("hub.api_key")));
  with(402);
  EXPECT_THAT(refusal<PaymentRequiredModelAccessError>(), HasSubstr("payment"));
  with(403);
  EXPECT_THAT(refusal<ForbiddenModelAccessError>(), HasSubstr("rfdetr-base"));
  with(404);
  EXPECT_THAT(refusal<ModelNotFoundError>(), HasSubstr("\"rfdetr-base\""));
  with(423);
  EXPECT_THAT(refusal<UsagePausedModelAccessError>(), HasSubstr("paused"));
  for (const int status : {400, 405, 410, 418, 500, 501}) {
    with(status);
    EXPECT_THAT(refusal<ModelRetrievalError>(), AllOf(HasSubstr(std::to_string(status)), HasSubstr("no luck")));
  }
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(RoboflowProviderTest, WithoutAKey401TellsHowToGiveOne) {
  serve(testing::answer(401));
  EXPECT_THAT(refusal<UnauthorizedModelAccessError>({.model_id = "m"}),
              AllOf(HasSubstr("without an API key"), HasSubstr("ROBOFLOW_API_KEY")));
}

TEST_F(RoboflowProviderTest, StatusesOfAccessAreNeverTriedAgain) {
  environment.retry_statuses.push_back(401);
  serve(testing::answer(401));
  (void)refusal<UnauthorizedModelAccessError>();
  EXPECT_EQ(server.count(), 1U);
}

TEST_F(RoboflowProviderTest, LongErrorTextsAreShortened) {
  serve(testing::answer(400, "Bad\r\n" + std::string(3000, 'x')));
  const std::string text = refusal<ModelRetrievalError>();
  EXPECT_THAT(text, AllOf(HasSubstr("Bad  xxx"), HasSubstr("xxx...")));
  EXPECT_LT(text.size(), 1000U);
}

TEST_F(RoboflowProviderTest, ErrorTextsWithoutEndAreNotWaitedFor) {
  serve([](const testing::Request& request, testing::Response& response) {
    testing::endless_body()(request, response);
    response.status = 400;
  });
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("status 400"));
}

TEST_F(RoboflowProviderTest, AKeyThatTheServerRepeatsIsRemoved) {
  serve(testing::answer(400, std::string("bad key ") + kKey + " and again " + kKey));
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("bad key ... and again ..."));
  serve(testing::answer_json(std::string(R"({"error": "unknown key )") + kKey + "\"}"));
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("unknown key ..."));
}

// Trying again.

TEST_F(RoboflowProviderTest, TwoFailuresAndASuccess) {
  serve(testing::fail_first(2, testing::answer(503), testing::answer_json(page({package("a1")}))));
  EXPECT_THAT(ids(ask()), ElementsAre("a1"));
  EXPECT_EQ(server.count(), 3U);
  ASSERT_THAT(pauses, SizeIs(2));
  EXPECT_LE(pauses[0], 1000ms);
  EXPECT_LE(pauses[1], 2000ms);
}

TEST_F(RoboflowProviderTest, EachConfiguredStatusIsTriedAgain) {
  for (const int status : {408, 429, 502, 503, 504}) {
    serve(testing::answer(status));
    server.forget_requests();
    EXPECT_THAT(refusal<RetryError>(), AllOf(HasSubstr("3 tries"), HasSubstr(std::to_string(status))));
    EXPECT_EQ(server.count(), 3U);
  }
}

TEST_F(RoboflowProviderTest, TheNumberOfTriesIsTheEnvironments) {
  environment.api_max_tries = 5;
  serve(testing::answer(503, std::string(100000, 'x')));
  EXPECT_THAT(refusal<RetryError>(), HasSubstr("5 tries"));
  EXPECT_EQ(server.count(), 5U);
}

TEST_F(RoboflowProviderTest, RetryAfterIsObeyed) {
  serve(testing::fail_first(1, testing::answer(429, "", {{"Retry-After", "3"}}),
                            testing::answer_json(page({package("a1")}))));
  (void)ask();
  EXPECT_THAT(pauses, ElementsAre(3000ms));
}

TEST_F(RoboflowProviderTest, BrokenConnectionsAreTriedAgain) {
  const std::string body = page({package("a1")});
  serve(
      testing::fail_first(1, testing::cut_after(10, testing::Ending::reset, testing::answer_json(body)),
                          testing::fail_first(1, testing::announce_length(body.size() + 1, testing::answer_json(body)),
                                              testing::answer_json(body))));
  EXPECT_THAT(ids(ask()), ElementsAre("a1"));
  EXPECT_EQ(server.count(), 3U);
}

TEST_F(RoboflowProviderTest, NobodyAnswers) {
  environment.api_host = HttpServer().url();
  EXPECT_THAT(refusal<RetryError>(), AllOf(HasSubstr("127.0.0.1"), HasSubstr("3 tries")));
}

TEST_F(RoboflowProviderTest, SilenceAndTricklesEnd) {
  environment.api_timeout_seconds = 1;
  environment.api_max_tries = 1;
  serve(testing::cut_after(20, testing::Ending::silence, testing::answer_json(page({package("a1")}))));
  EXPECT_THAT(refusal<RetryError>(), HasSubstr("1 s"));
  serve(testing::trickle(20ms, 1, testing::answer_json(page({package("a1")}) + std::string(1 << 20, ' '))));
  EXPECT_THAT(refusal<RetryError>(), HasSubstr("1 s"));
}

// Answers that are none.

TEST_F(RoboflowProviderTest, AnErrorObjectWith200) {
  serve(testing::answer_json(R"({"error": {"message": "unknown endpoint"}})"));
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("unknown endpoint"));
}

TEST_F(RoboflowProviderTest, AnythingElseWith200) {
  for (const char* body : {"", "{}", "[]", "null", R"({"modelMetadata": null})", R"({"modelMetadata": {"type": "x"}})",
                           "{\"modelMetadata\": {", "\xFF\xFE"}) {
    serve(testing::answer_json(body));
    EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("127.0.0.1")) << body;
  }
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(RoboflowProviderTest, APageForPeopleWith200) {
  serve(testing::html_page());
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("JSON"));
}

TEST_F(RoboflowProviderTest, AnswersWithoutEnd) {
  serve(testing::endless_body());
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("more than"));
  EXPECT_EQ(server.count(), 1U);
}

TEST_F(RoboflowProviderTest, RedirectsThatLeadNowhere) {
  serve(testing::redirect("/again"));
  server.on("/again", testing::redirect(kPath));
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("circle"));
  serve(testing::redirect("file:///etc/hostname"));
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("neither http nor https"));
  serve(testing::answer(304));
  EXPECT_THAT(refusal<ModelRetrievalError>(), HasSubstr("304"));
}

TEST_F(RoboflowProviderTest, ARedirectToAnotherHostDoesNotGetTheKey) {
  HttpServer other;
  other.on("/w", testing::answer_json(page({package("a1")})));
  serve(testing::redirect(other.url("/w")));
  EXPECT_THAT(ids(ask({.model_id = "m", .api_key = kKey, .headers = {{"X-Team", "blue"}}})), ElementsAre("a1"));
  EXPECT_FALSE(other.requests().at(0).has_header("authorization"));
  EXPECT_FALSE(other.requests().at(0).has_header("x-team"));
  EXPECT_THAT(other.requests().at(0).target, Not(HasSubstr(kKey)));
}

TEST_F(RoboflowProviderTest, OfflineNothingIsAsked) {
  serve(testing::answer_json(page({package("a1")})));
  const RoboflowProvider provider(environment, make_offline_client());
  try {
    (void)provider.model_metadata({.model_id = "m"});
    FAIL() << "expected an error";
  } catch (const ModelRetrievalError& error) {
    EXPECT_THAT(error.hint(), HasSubstr("OFFLINE_MODE"));
  }
  EXPECT_EQ(server.count(), 0U);
}

}  // namespace
}  // namespace inference_exp::hub
