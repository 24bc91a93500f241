#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class BadInputs : public CliTest {
 protected:
  /// The scene as a JPEG file, cut after `share` of its bytes.
  [[nodiscard]] std::string cut_jpeg(double share) const {
    std::vector<std::uint8_t> encoded;
    cv::imencode(".jpg", read_picture(shapes()), encoded);
    encoded.resize(static_cast<std::size_t>(static_cast<double>(encoded.size()) * share));
    return bytes("cut.jpg", {encoded.begin(), encoded.end()});
  }

  [[nodiscard]] std::string cut_png() const {
    std::ifstream stream(shapes(), std::ios::binary);
    std::string content(50'000, '\0');
    stream.read(content.data(), static_cast<std::streamsize>(content.size()));
    return bytes("cut.png", content);
  }

  /// Reported by name, while the picture beside it is still served.
  void expect_only_this_one_fails(const std::string& bad, const std::string& reason) const {
    const ProcessResult result = run_program({"infer", detector(), bad, shapes(), "--json", "-"});
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_THAT(result.err, StartsWith("error: " + bad + ": "));
    EXPECT_THAT(result.err, HasSubstr(reason));
    const nlohmann::json results = parse_json(result.out);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0]["file"], shapes());
  }
};

TEST_F(BadInputs, AMissingImage) { expect_only_this_one_fails(path("none.jpg").string(), "no such file"); }
TEST_F(BadInputs, AnEmptyFile) { expect_only_this_one_fails(bytes("empty.jpg", ""), "empty"); }
TEST_F(BadInputs, AFileThatIsNoPicture) { expect_only_this_one_fails(bytes("text.png", "hello"), "not a picture"); }
TEST_F(BadInputs, AJpegCutInItsPixels) { expect_only_this_one_fails(cut_jpeg(0.6), "cut short"); }
TEST_F(BadInputs, AJpegCutInItsHeader) { expect_only_this_one_fails(cut_jpeg(0.001), "cut short"); }
TEST_F(BadInputs, ACutPng) { expect_only_this_one_fails(cut_png(), "cut short"); }
TEST_F(BadInputs, APatternThatMatchesNothing) {
  expect_only_this_one_fails(path("*.tiff").string(), "No file matches");
}

TEST_F(BadInputs, AFolderWithoutImages) {
  std::filesystem::create_directory(path("bare"));
  expect_only_this_one_fails(path("bare").string(), "no images");
}

TEST_F(BadInputs, OneBadPictureInABatchDoesNotTakeTheOthersWithIt) {
  const ProcessResult result =
      run_program({"infer", detector(), shapes(), cut_jpeg(0.5), shapes(), "--batch-size", "3", "--json", "-"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(parse_json(result.out).size(), 2U);
}

TEST_F(BadInputs, NothingIsLeftToDo) {
  const ProcessResult result = run_program({"infer", detector(), path("none.jpg").string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(BadInputs, AMissingModel) {
  const ProcessResult result = run_program({"infer", path("no-model").string(), shapes()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(StartsWith("error: ModelRetrievalError: "),
                                HasSubstr("More: docs/errors/model_retrieval_error.md")));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(BadInputs, AFolderThatIsNoPackage) {
  std::filesystem::create_directory(path("bare"));
  const ProcessResult result = run_program({"infer", path("bare").string(), shapes()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("CorruptedModelPackageError"));
}

TEST_F(BadInputs, ANetworkFileThatIsCutShort) {
  std::filesystem::copy(detector(), path("model"));
  std::filesystem::resize_file(path("model/weights.onnx"), 100'000);
  const ProcessResult result = run_program({"infer", path("model").string(), shapes()});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("CorruptedModelPackageError"));
}

TEST_F(BadInputs, AnExecutionProviderThatIsNotThereIsRefused) {
  const ProcessResult result =
      run_program({"infer", detector(), shapes(), "--execution-provider", "NoSuchExecutionProvider"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("NoSuchExecutionProvider"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(BadInputs, ABackendThatThePackageIsNotMadeForIsRefused) {
  const ProcessResult result = run_program({"infer", detector(), shapes(), "--backend", "trt"});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("ModelPackageNegotiationError"));
}

}  // namespace
}  // namespace inference_exp::testing
