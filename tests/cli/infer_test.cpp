#include <fstream>
#include <opencv2/imgproc.hpp>
#include <set>

#include "cli/process.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class InferCommand : public CliTest {};

std::set<std::string> keys_of(const nlohmann::json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

std::vector<std::string> files_of(const nlohmann::json& results) {
  std::vector<std::string> files;
  for (const nlohmann::json& result : results) files.push_back(std::filesystem::path(result.at("file")).filename());
  return files;
}

TEST_F(InferCommand, PrintsATableOfWhatItFound) {
  const ProcessResult result = run_program({"infer", detector(), shapes()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* word : {"FILE", "CLASS", "CONFIDENCE", "shapes.png", "star", "square", "triangle"}) {
    EXPECT_THAT(result.out, HasSubstr(word));
  }
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(InferCommand, SaysWhenNothingWasFound) {
  const std::string nothing = picture("nothing.png", cv::Mat(100, 100, CV_8UC3, cv::Scalar::all(90)));
  const ProcessResult result = run_program({"infer", detector(), nothing});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("(nothing found)"));
}

TEST_F(InferCommand, JsonOnStdoutIsNothingButJson) {
  const ProcessResult result = run_program({"infer", detector(), shapes(), "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json results = parse_json(result.out);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_THAT(keys_of(results[0]), UnorderedElementsAre("file", "width", "height", "predictions"));
  EXPECT_EQ(results[0]["file"], shapes());
  EXPECT_EQ(results[0]["width"], 1280);
  EXPECT_EQ(results[0]["height"], 720);
  ASSERT_FALSE(results[0]["predictions"].empty());
  for (const nlohmann::json& row : results[0]["predictions"]) {
    EXPECT_THAT(keys_of(row),
                UnorderedElementsAre("x_min", "y_min", "x_max", "y_max", "class_id", "class", "confidence"));
    EXPECT_TRUE(row["x_min"].is_number_integer());
    EXPECT_LT(row["x_min"], row["x_max"]);
    EXPECT_GT(row["confidence"], 0.4) << "the default threshold";
  }
}

TEST_F(InferCommand, SegmentationAddsRunLengthsInBothMaskFormats) {
  const std::string segmenter = asset("models/shapes-segmenter").string();
  std::vector<nlohmann::json> masks;
  for (const char* format : {"dense", "rle"}) {
    const ProcessResult result = run_program({"infer", segmenter, shapes(), "--json", "-", "--mask-format", format});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const nlohmann::json results = parse_json(result.out);
    ASSERT_FALSE(results.at(0)["predictions"].empty());
    const nlohmann::json& mask = results[0]["predictions"][0].at("mask");
    EXPECT_EQ(mask.at("size"), nlohmann::json({720, 1280}));
    masks.push_back(mask.at("counts"));
  }
  EXPECT_EQ(masks[0], masks[1]);
}

TEST_F(InferCommand, OptionsReachTheModel) {
  const ProcessResult one = run_program({"infer", detector(), shapes(), "--json", "-", "--max-detections", "1"});
  EXPECT_EQ(parse_json(one.out).at(0)["predictions"].size(), 1U);
  const ProcessResult none = run_program({"infer", detector(), shapes(), "--json", "-", "--confidence", "1"});
  EXPECT_THAT(parse_json(none.out).at(0)["predictions"], IsEmpty());
}

TEST_F(InferCommand, JsonToAFileLeavesTheTableOnStdout) {
  const ProcessResult result = run_program({"infer", detector(), shapes(), "--json", path("r.json").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("star"));
  std::ifstream stream(path("r.json"));
  EXPECT_EQ(nlohmann::json::parse(stream).size(), 1U);
  const ProcessResult quiet = run_program({"infer", detector(), shapes(), "-q", "--json", path("r.json").string()});
  EXPECT_THAT(quiet.out, IsEmpty());
}

TEST_F(InferCommand, AFolderIsReadInOrderOfNames) {
  const cv::Mat scene = read_picture(shapes());
  picture("in/b.png", scene);
  picture("in/a.JPG", scene);
  picture("in/c.bmp", scene);
  bytes("in/notes.txt", "not a picture");
  const ProcessResult result = run_program({"infer", detector(), path("in").string(), "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files_of(parse_json(result.out)), ::testing::ElementsAre("a.JPG", "b.png", "c.bmp"));
}

TEST_F(InferCommand, AQuotedPatternIsExpanded) {
  const cv::Mat scene = read_picture(shapes());
  picture("one.png", scene);
  picture("two.png", scene);
  picture("two.jpg", scene);
  const ProcessResult result = run_program({"infer", detector(), path("*.png").string(), "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files_of(parse_json(result.out)), ::testing::ElementsAre("one.png", "two.png"));
}

TEST_F(InferCommand, BatchesGiveTheSameAnswersInTheSameOrder) {
  const cv::Mat scene = read_picture(shapes());
  cv::Mat mirrored;
  cv::flip(scene, mirrored, 1);
  const std::vector<std::string> files{picture("1.png", scene), picture("2.png", mirrored),
                                       picture("3.png", scene(cv::Rect(0, 0, 640, 720)))};
  std::vector<std::string> arguments{"infer", detector(), files[0], files[1], files[2], "--json", "-"};
  const ProcessResult singly = run_program(arguments);
  arguments.insert(arguments.end(), {"--batch-size", "2"});
  const ProcessResult batched = run_program(arguments);
  ASSERT_EQ(batched.exit_code, 0) << batched.err;
  const nlohmann::json expected = parse_json(singly.out);
  const nlohmann::json actual = parse_json(batched.out);
  EXPECT_EQ(files_of(actual), files_of(expected));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(actual.at(i)["predictions"].size(), expected.at(i)["predictions"].size());
  }
}

TEST_F(InferCommand, PicturesOfEveryDepthAndChannelCountAreRead) {
  const cv::Mat scene = read_picture(shapes());
  cv::Mat deep;
  scene.convertTo(deep, CV_16U, 257);
  cv::Mat with_alpha;
  cv::cvtColor(scene, with_alpha, cv::COLOR_BGR2BGRA);
  const ProcessResult result = run_program(
      {"infer", detector(), shapes(), picture("16bit.png", deep), picture("alpha.png", with_alpha), "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json results = parse_json(result.out);
  EXPECT_EQ(results.at(1)["predictions"], results.at(0)["predictions"]) << "16 bits hold the same picture";
  EXPECT_EQ(results.at(2)["predictions"], results.at(0)["predictions"]) << "alpha is ignored";
}

TEST_F(InferCommand, ABareModelFileWithACocoNetwork) {
  REQUIRE_SHARED(network, "models/yolov8n-deq-fp32-dyn.onnx");
  REQUIRE_SHARED(street, "images/bus.jpg");
  const ProcessResult result = run_program({"infer", network.string(), street.string(), "--json", "-", "--architecture",
                                            "yolov8", "--task", "object-detection", "--confidence", "0.5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json results = parse_json(result.out);
  const auto persons = std::ranges::count_if(results.at(0)["predictions"],
                                             [](const nlohmann::json& row) { return row["class_id"] == 0; });
  EXPECT_EQ(persons, 3);
}

}  // namespace
}  // namespace inference_exp::testing
