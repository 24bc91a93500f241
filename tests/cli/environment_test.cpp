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

TEST(EnvironmentCommand, TellsOfTheMachineOnlyWhatIsKnown) {
  const ProcessResult text = run_program({"environment"});
  const nlohmann::json machine = parse_json(run_program({"environment", "--json"}).out).at("machine");
  EXPECT_TRUE(machine.at("gpus").is_array());
  for (const auto& [key, line] : {std::pair("driver_version", "driver: "), std::pair("cuda_version", "cuda: "),
                                  std::pair("jetson_type", "jetson: "), std::pair("os_version", "os: ")}) {
    const bool shown = text.out.find(std::string("\n") + line) != std::string::npos;
    EXPECT_EQ(shown, !machine.at(key).is_null()) << key;
  }
}

}  // namespace
}  // namespace inference_exp::testing
