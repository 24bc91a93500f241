#include "cli/process.hpp"
#include "inference_exp/version.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(Usage, HelpNamesTheCommandsAndShowsExamples) {
  const ProcessResult result = run_program({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* word : {"infer", "bench", "environment", "Examples:", "Exit codes:"}) {
    EXPECT_THAT(result.out, HasSubstr(word));
  }
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Usage, HelpOfACommandNamesItsOptions) {
  const ProcessResult result = run_program({"infer", "--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* word : {"--confidence", "--iou", "--max-detections", "--class-agnostic", "--image-size", "--backend",
                           "--device", "--execution-provider", "--threads", "--batch-size", "--mask-format", "--json",
                           "--save", "--architecture", "--class-names"}) {
    EXPECT_THAT(result.out, HasSubstr(word));
  }
}

TEST(Usage, VersionIsThatOfTheLibrary) {
  const ProcessResult result = run_program({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "inference-exp " + std::string(kVersion) + "\n");
}

struct Mistake {
  std::string what;
  std::vector<std::string> arguments;
};

class UsageMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(UsageMistake, EndsWithCodeTwoAndOneParagraphOnStderr) {
  const ProcessResult result = run_program(GetParam().arguments);
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, StartsWith("error: "));
}

INSTANTIATE_TEST_SUITE_P(
    All, UsageMistake,
    ::testing::Values(Mistake{"NoCommand", {}}, Mistake{"UnknownCommand", {"dream"}},
                      Mistake{"UnknownOption", {"infer", detector(), shapes(), "--colour", "red"}},
                      Mistake{"NoImage", {"infer", detector()}}, Mistake{"NoModel", {"bench"}},
                      Mistake{"ConfidenceAboveOne", {"infer", detector(), shapes(), "--confidence", "1.5"}},
                      Mistake{"ConfidenceNoNumber", {"infer", detector(), shapes(), "--confidence", "high"}},
                      Mistake{"NegativeIou", {"infer", detector(), shapes(), "--iou", "-0.1"}},
                      Mistake{"NoDetections", {"infer", detector(), shapes(), "--max-detections", "0"}},
                      Mistake{"SizeWithoutX", {"infer", detector(), shapes(), "--image-size", "640"}},
                      Mistake{"SizeOfZero", {"infer", detector(), shapes(), "--image-size", "0x640"}},
                      Mistake{"SizeWithTail", {"infer", detector(), shapes(), "--image-size", "640x480px"}},
                      Mistake{"UnknownMaskFormat", {"infer", detector(), shapes(), "--mask-format", "png"}},
                      Mistake{"BatchOfZero", {"infer", detector(), shapes(), "--batch-size", "0"}},
                      Mistake{"UnknownBackend", {"infer", detector(), shapes(), "--backend", "abacus"}},
                      Mistake{"NoIterations", {"bench", detector(), "--iterations", "0"}},
                      Mistake{"MissingNamesFile", {"infer", "x.onnx", shapes(), "--class-names", "none/names.txt"}},
                      Mistake{"JsonInMissingFolder", {"infer", detector(), shapes(), "--json", "/nowhere/r.json"}},
                      Mistake{"SaveBelowAFile", {"infer", detector(), shapes(), "--save", "/dev/null/x"}}),
    [](const auto& info) { return info.param.what; });

}  // namespace
}  // namespace inference_exp::testing
