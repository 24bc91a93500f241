// Annotated pictures and videos in a folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <set>
#include <span>
#include <string>

#include "frames.hpp"
#include "inputs.hpp"
#include "video.hpp"

namespace inference_exp::cli {

/// Names each output after its input: "a/x.jpg" becomes "x.jpg", a second "b/x.jpg" becomes "x-2.jpg". An input file is
/// never overwritten; outputs of an earlier run are.
class AnnotatedFiles {
 public:
  /// Makes the folder. Throws InvalidParameterError when that fails.
  AnnotatedFiles(std::filesystem::path folder, std::span<const Source> sources);

  /// Throws std::runtime_error when the file can't be written.
  void save(const Source& source, const Frame& frame, const cv::Mat& annotated);
  /// Completes the video being written.
  void finish();

 private:
  [[nodiscard]] std::filesystem::path free_name(const Source& source);
  void save_frame(const Source& source, const Frame& frame, const cv::Mat& annotated);

  std::filesystem::path folder_;
  std::set<std::filesystem::path> taken_;
  std::unique_ptr<VideoSink> video_;
  cv::Size video_size_;
  std::size_t video_source_ = 0;
};

}  // namespace inference_exp::cli
