#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckpointCommand : public CliTest {
 protected:
  /// safetensors: the header's length, the header, two numbers.
  [[nodiscard]] std::string weights() const {
    const std::string header =
        R"({"a.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"__metadata__":{"made":"here"}})";
    std::string length(8, '\0');
    length[0] = static_cast<char>(header.size());
    return bytes("weights.safetensors", length + header + std::string(8, '\0'));
  }
};

TEST_F(CheckpointCommand, ListsTensorsWithTheirTypesAndShapes) {
  const ProcessResult result = run_program({"checkpoint", weights()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("a.weight"), HasSubstr("[1, 2]"), HasSubstr("safetensors")));
}

TEST_F(CheckpointCommand, TellsAllOfItAsJson) {
  const ProcessResult result = run_program({"checkpoint", weights(), "--json"});
  const nlohmann::json told = parse_json(result.out);
  EXPECT_EQ(told["format"], "safetensors");
  EXPECT_EQ(told["bytes"], 8);
  EXPECT_EQ(told["tensors"][0]["name"], "a.weight");
  EXPECT_EQ(told["tensors"][0]["shape"], nlohmann::json::array({1, 2}));
  EXPECT_EQ(told["data"]["made"], "here");
}

TEST_F(CheckpointCommand, AFileThatWantsToRunSomethingEndsWithAnErrorThatNamesIt) {
  // A legacy file of torch.save begins with a pickle; this one asks for posix.system.
  const std::string file = bytes("evil.pth", std::string("\x80\x02") + "cposix\nsystem\n.");
  const ProcessResult result = run_program({"checkpoint", file});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, AllOf(HasSubstr(file), HasSubstr("posix.system")));
}

}  // namespace
}  // namespace inference_exp::testing
