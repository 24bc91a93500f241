// Pictures from all inputs, one after the other, decoded ahead of their use.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "inputs.hpp"

namespace inference_exp::cli {

/// Where a frame lies in its video.
struct VideoPosition {
  std::int64_t frame = 0;        ///< from 0
  double timestamp = 0;          ///< seconds
  double frames_per_second = 0;  ///< of the whole video; 0 when unknown
};

struct Frame {
  std::size_t source = 0;  ///< index of the input
  cv::Mat pixels;          ///< 8-bit BGR; empty when reading failed
  std::optional<VideoPosition> video;
  std::string failure;  ///< why, then
};

/// Decodes on a thread of its own, at most `ahead` frames before they are asked for. `next` is for one thread.
class FrameReader {
 public:
  /// `max_frames` limits each video; 0: no limit. `sources` must outlive the reader.
  FrameReader(const std::vector<Source>& sources, std::int64_t max_frames, std::size_t ahead);
  ~FrameReader();
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  /// In the order of the inputs; nothing at the end.
  [[nodiscard]] std::optional<Frame> next();

 private:
  void read_all(const std::stop_token& stop);
  void read_source(std::size_t index, const std::stop_token& stop);
  void read_video(std::size_t index, const std::stop_token& stop);
  void push(Frame frame, const std::stop_token& stop);

  const std::vector<Source>& sources_;
  std::int64_t max_frames_;
  std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Frame> ready_;
  bool finished_ = false;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace inference_exp::cli
