#include <opencv2/videoio.hpp>

#include "cli/process.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;

class VideoInput : public CliTest {
 protected:
  /// The path of a new clip; empty where OpenCV has no encoder, which it brings itself for this format.
  [[nodiscard]] std::string video(const std::string& name, int frames) const {
    const cv::Mat scene = read_picture(shapes());
    cv::VideoWriter writer(path(name).string(), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 10, scene.size());
    if (!writer.isOpened()) return {};
    for (int i = 0; i < frames; ++i) writer.write(scene);
    return path(name).string();
  }
};

TEST_F(VideoInput, EveryFrameIsOneObjectWithItsPosition) {
  const std::string clip = video("clip.avi", 4);
  ASSERT_FALSE(clip.empty()) << "OpenCV can't write a video here";
  const ProcessResult result = run_program({"infer", detector(), clip, "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json results = parse_json(result.out);
  ASSERT_EQ(results.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(results[i]["frame"], i);
    EXPECT_NEAR(results[i]["timestamp"].get<double>(), 0.1 * static_cast<double>(i), 0.01);
    EXPECT_FALSE(results[i]["predictions"].empty());
  }
}

TEST_F(VideoInput, AnAnnotatedVideoIsSaved) {
  const std::string clip = video("clip.avi", 3);
  ASSERT_FALSE(clip.empty()) << "OpenCV can't write a video here";
  const ProcessResult result = run_program({"infer", detector(), clip, "--save", path("out").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  cv::VideoCapture saved(path("out/clip.mp4").string());
  int frames = 0;
  for (cv::Mat frame; saved.read(frame); ++frames) EXPECT_EQ(frame.size(), cv::Size(1280, 720));
  EXPECT_EQ(frames, 3);
}

TEST_F(VideoInput, MaxFramesEndsAVideoEarly) {
  const std::string clip = video("clip.avi", 4);
  ASSERT_FALSE(clip.empty()) << "OpenCV can't write a video here";
  const ProcessResult result = run_program({"infer", detector(), clip, "--json", "-", "--max-frames", "2"});
  EXPECT_EQ(parse_json(result.out).size(), 2U);
}

TEST_F(VideoInput, AFileThatIsNoVideoIsReported) {
  const ProcessResult result = run_program({"infer", detector(), bytes("clip.mp4", "no video at all")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("clip.mp4"));
}

TEST_F(VideoInput, ACameraThatIsNotThereIsReported) {
  const ProcessResult result = run_program({"infer", detector(), "--camera", "77"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("camera:77"));
}

}  // namespace
}  // namespace inference_exp::testing
