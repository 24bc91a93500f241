#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;

TEST(EnvironmentCommand, NamesEveryBackendWithAReasonWhereItCanNotRun) {
  const ProcessResult result = run_program({"environment", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json environment = parse_json(result.out);
  EXPECT_GE(environment.at("physical_cores"), 1);
  std::vector<std::string> names;
  for (const nlohmann::json& backend : environment.at("backends")) {
    names.push_back(backend.at("name"));
    const bool reasoned = !backend.at("reason").get<std::string>().empty();
    EXPECT_NE(backend.at("available").get<bool>(), reasoned) << backend;
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"onnx", "torch", "trt"}));
}

TEST(EnvironmentCommand, TheTextForPeopleSaysTheSame) {
  const ProcessResult result = run_program({"environment"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("onnx: "));
  EXPECT_THAT(result.out, HasSubstr("trt: not available"));
}

}  // namespace
}  // namespace inference_exp::testing
