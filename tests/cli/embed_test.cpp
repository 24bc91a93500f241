#include <cstring>
#include <fstream>
#include <iterator>

#include "backends/clip_package.hpp"
#include "cli/process.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EmbedCommand : public CliTest {
 protected:
  void SetUp() override { write_clip_package(path("clip")); }
  [[nodiscard]] std::string model() const { return path("clip").string(); }
  /// One colour in OpenCV's order of channels.
  [[nodiscard]] std::string colour(const std::string& name, const cv::Scalar& bgr) const {
    return picture(name, cv::Mat(16, 16, CV_8UC3, bgr));
  }
  [[nodiscard]] std::string red() const { return colour("red.png", {0, 0, 255}); }
  [[nodiscard]] std::string blue() const { return colour("blue.png", {255, 0, 0}); }
};

std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_F(EmbedCommand, ComparesImagesWithEachOtherWhereThereAreNoTexts) {
  const ProcessResult result = run_program({"embed", model(), "--image", red(), blue()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("cosine similarity"), HasSubstr("red.png"), HasSubstr("1.000"), HasSubstr("-0.")));
}

TEST_F(EmbedCommand, ComparesImagesWithTexts) {
  REQUIRE_SHARED(vocabulary, "models/bpe_simple_vocab_16e6.txt.gz");
  std::filesystem::copy(vocabulary, path("clip") / vocabulary.filename());
  const ProcessResult result =
      run_program({"embed", model(), "--image", red(), blue(), "--text", "a dog", "a cat", "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json told = parse_json(result.out);
  EXPECT_EQ(told["dimension"], 3);
  EXPECT_EQ(told["images"].size(), 2U);
  EXPECT_THAT(told["images"][0]["file"].get<std::string>(), HasSubstr("red.png"));
  EXPECT_NEAR(told["images"][0]["embedding"][0].get<double>(), (1 - 0.48145466) / 0.26862954, 1e-5)
      << "red comes first";
  EXPECT_EQ(told["texts"][1]["text"], "a cat");
  EXPECT_EQ(told["texts"][1]["embedding"], nlohmann::json::array({49406, 320, 2368})) << "start, a, cat";
  EXPECT_EQ(told["similarities"].size(), 2U);
  EXPECT_EQ(told["similarities"][0].size(), 2U);
}

TEST_F(EmbedCommand, WritesArraysForNumpy) {
  const ProcessResult result = run_program({"embed", model(), "--image", red(), blue(), "--npy", path("arrays")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files_in(path("arrays")), ElementsAre("images.npy", "similarities.npy"));
  const std::string images = read_bytes(path("arrays") / "images.npy");
  ASSERT_EQ(images.size(), 128 + 6 * sizeof(float));
  EXPECT_EQ(images.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_THAT(images.substr(10, 118), HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
  EXPECT_EQ(images[127], '\n');
  float first = 0;
  std::memcpy(&first, images.data() + 128, sizeof first);
  EXPECT_NEAR(first, (1 - 0.48145466) / 0.26862954, 1e-5);
}

TEST_F(EmbedCommand, ABadPictureDoesNotTakeTheOthersWithIt) {
  const ProcessResult result = run_program({"embed", model(), "--image", red(), bytes("bad.png", "no picture")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("bad.png"));
  EXPECT_THAT(result.out, HasSubstr("1.000"));
}

TEST_F(EmbedCommand, NeedsSomethingToEmbed) {
  EXPECT_EQ(run_program({"embed", model()}).exit_code, 2);
  EXPECT_EQ(run_program({"embed", model(), "--image", path("nothing-here.png")}).exit_code, 1);
}

TEST_F(EmbedCommand, ADetectorHasNoEmbeddingsAndAnEmbedderNoDetections) {
  EXPECT_THAT(run_program({"embed", detector(), "--image", red()}).err, HasSubstr("object-detection"));
  EXPECT_THAT(run_program({"infer", model(), red()}).err, HasSubstr("inference-exp embed"));
}

}  // namespace
}  // namespace inference_exp::testing
