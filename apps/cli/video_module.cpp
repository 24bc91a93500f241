// The module behind video.hpp.
#include <algorithm>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>

#include "video.hpp"

namespace inference_exp::cli {
namespace {

class CapturedVideo final : public VideoSource {
 public:
  explicit CapturedVideo(const cv::VideoCapture& capture) : capture_(capture) {}
  [[nodiscard]] cv::Mat read() override {
    cv::Mat frame;
    return capture_.read(frame) ? frame : cv::Mat();
  }
  [[nodiscard]] double timestamp() const override { return std::max(0.0, capture_.get(cv::CAP_PROP_POS_MSEC) / 1000); }
  [[nodiscard]] double frames_per_second() const override { return std::max(0.0, capture_.get(cv::CAP_PROP_FPS)); }

 private:
  cv::VideoCapture capture_;
};

class WrittenVideo final : public VideoSink {
 public:
  explicit WrittenVideo(const cv::VideoWriter& writer) : writer_(writer) {}
  void write(const cv::Mat& frame) override { writer_.write(frame); }

 private:
  cv::VideoWriter writer_;
};

void be_silent() { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); }

std::unique_ptr<VideoSource> opened(const cv::VideoCapture& capture) {
  if (!capture.isOpened()) return nullptr;
  return std::make_unique<CapturedVideo>(capture);
}

std::unique_ptr<VideoSource> open_file(const std::filesystem::path& file) {
  be_silent();
  return opened(cv::VideoCapture(file.string()));
}

std::unique_ptr<VideoSource> open_camera(int number) {
  be_silent();
  return opened(cv::VideoCapture(number));
}

std::unique_ptr<VideoSink> create_file(const std::filesystem::path& file, double frames_per_second, cv::Size size) {
  be_silent();
  const int codec = cv::VideoWriter::fourcc('m', 'p', '4', 'v');
  cv::VideoWriter writer(file.string(), codec, frames_per_second, size);
  if (!writer.isOpened()) return nullptr;
  return std::make_unique<WrittenVideo>(writer);
}

}  // namespace
}  // namespace inference_exp::cli

extern "C" __attribute__((visibility("default"))) const inference_exp::cli::VideoFunctions* inference_exp_cli_video() {
  static constexpr inference_exp::cli::VideoFunctions kFunctions{
      &inference_exp::cli::open_file, &inference_exp::cli::open_camera, &inference_exp::cli::create_file};
  return &kFunctions;
}
