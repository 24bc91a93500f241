// The program with a model id, against a registry on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/process.hpp"
#include "support/model_registry.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ModelId : public CliTest {
 protected:
  ModelId() {
    registry_.add_model("shapes/1", "shapes-640");
    registry_.add_package("shapes/1", "aaaa1111", asset("models/shapes-detector"));
    setenv("ROBOFLOW_API_HOST", registry_.host().c_str(), 1);
    setenv("ROBOFLOW_API_KEY", "rf_OPENSESAME42", 1);
  }

  /// Runs a command on the registry's model with this test's cache.
  [[nodiscard]] ProcessResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--cache", path("cache").string()});
    return run_program(arguments);
  }

  ModelRegistry registry_;
};

TEST_F(ModelId, PredictsAndTheSecondTimeAsksNobody) {
  const ProcessResult by_folder = run_program({"infer", detector(), shapes(), "--json", "-"});
  const ProcessResult first = run({"infer", "shapes-640", shapes(), "--json", "-"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(parse_json(first.out), parse_json(by_folder.out));
  registry_.server().forget_requests();
  const ProcessResult second = run({"infer", "shapes-640", shapes(), "--json", "-"});
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(registry_.server().count(), 0U);
}

TEST_F(ModelId, WhatWasPulledIsListedVerifiedAndUsedOffline) {
  const ProcessResult pulled = run({"pull", "shapes-640", "--json"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.err;
  EXPECT_EQ(parse_json(pulled.out)["package_id"], "aaaa1111");
  registry_.server().forget_requests();
  EXPECT_THAT(run({"cache", "list"}).out, HasSubstr("shapes/1"));
  EXPECT_EQ(run({"cache", "verify"}).exit_code, 0);
  EXPECT_EQ(run({"offline", "verify", "shapes-640", "--check-hashes"}).exit_code, 0);
  const ProcessResult offline = run({"infer", "shapes-640", shapes(), "--offline"});
  EXPECT_EQ(offline.exit_code, 0) << offline.err;
  EXPECT_EQ(registry_.server().count(), 0U);
}

TEST_F(ModelId, IsExplainedAndDescribedWithoutADownload) {
  EXPECT_THAT(run({"explain", "shapes-640"}).out, AllOf(HasSubstr("aaaa1111"), HasSubstr("onnx")));
  EXPECT_THAT(run({"describe", "shapes-640", "aaaa1111"}).out, HasSubstr("17"));
  EXPECT_EQ(registry_.downloads(), 0U);
}

TEST_F(ModelId, ThatNobodyKnowsEndsWithCodeThree) {
  const ProcessResult result = run({"infer", "shapes-641", shapes()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("ModelNotFoundError"), HasSubstr("shapes-641")));
}

TEST_F(ModelId, TheKeyIsNeverShown) {
  registry_.refuse_questions(401);
  const ProcessResult result = run({"pull", "shapes-640", "--verbose"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out + result.err, AllOf(HasSubstr("ROBOFLOW_API_KEY"), Not(HasSubstr("OPENSESAME"))));
}

}  // namespace
}  // namespace inference_exp::testing
