// Videos and cameras.
//
// OpenCV's video library takes long to load, so the code that needs it is a module of its own, opened when the first
// video is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <opencv2/core/mat.hpp>

namespace inference_exp::cli {

class VideoSource {
 public:
  VideoSource() = default;
  virtual ~VideoSource() = default;
  VideoSource(const VideoSource&) = delete;
  VideoSource& operator=(const VideoSource&) = delete;
  /// The next frame in its own memory; empty at the end.
  [[nodiscard]] virtual cv::Mat read() = 0;
  /// Of the frame that was read last, in seconds.
  [[nodiscard]] virtual double timestamp() const = 0;
  /// 0 when unknown.
  [[nodiscard]] virtual double frames_per_second() const = 0;
};

class VideoSink {
 public:
  VideoSink() = default;
  virtual ~VideoSink() = default;
  VideoSink(const VideoSink&) = delete;
  VideoSink& operator=(const VideoSink&) = delete;
  virtual void write(const cv::Mat& frame) = 0;
};

/// What the module exports through `inference_exp_cli_video`. Each answers null when it fails.
struct VideoFunctions {
  std::unique_ptr<VideoSource> (*open_file)(const std::filesystem::path& file);
  std::unique_ptr<VideoSource> (*open_camera)(int number);
  std::unique_ptr<VideoSink> (*create_file)(const std::filesystem::path& file, double frames_per_second, cv::Size size);
};

/// Loads the module once. Throws MissingDependencyError when that fails.
[[nodiscard]] const VideoFunctions& video_functions();

}  // namespace inference_exp::cli
