#include "frames.hpp"

#include <exception>
#include <utility>

#include "images.hpp"
#include "inference_exp/errors.hpp"
#include "video.hpp"

namespace inference_exp::cli {

FrameReader::FrameReader(const std::vector<Source>& sources, std::int64_t max_frames, std::size_t ahead)
    : sources_(sources),
      max_frames_(max_frames),
      ahead_(ahead),
      thread_([this](const std::stop_token& stop) { read_all(stop); }) {}

FrameReader::~FrameReader() = default;

std::optional<Frame> FrameReader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return finished_ || !ready_.empty(); });
  if (ready_.empty()) return std::nullopt;
  Frame frame = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return frame;
}

void FrameReader::read_all(const std::stop_token& stop) {
  for (std::size_t i = 0; i < sources_.size() && !stop.stop_requested(); ++i) {
    try {
      read_source(i, stop);
    } catch (const std::exception& error) {
      push({.source = i, .pixels = {}, .video = {}, .failure = error.what()}, stop);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
}

void FrameReader::read_source(std::size_t index, const std::stop_token& stop) {
  if (sources_[index].kind == SourceKind::image) {
    push({.source = index, .pixels = read_image(sources_[index].path), .video = {}, .failure = {}}, stop);
  } else {
    read_video(index, stop);
  }
}

void FrameReader::read_video(std::size_t index, const std::stop_token& stop) {
  const Source& source = sources_[index];
  const VideoFunctions& functions = video_functions();
  const std::unique_ptr<VideoSource> video =
      source.kind == SourceKind::camera ? functions.open_camera(source.camera) : functions.open_file(source.path);
  if (video == nullptr) {
    throw ModelInputError(
        source.kind == SourceKind::camera ? "The camera can't be opened." : "The video can't be opened.",
        "Check that it exists, that you may read it, and that OpenCV knows its type.");
  }
  std::int64_t count = 0;
  while (!stop.stop_requested() && (max_frames_ == 0 || count < max_frames_)) {
    cv::Mat pixels = video->read();
    if (pixels.empty()) break;
    push({.source = index,
          .pixels = std::move(pixels),
          .video = VideoPosition{count, video->timestamp(), video->frames_per_second()},
          .failure = {}},
         stop);
    ++count;
  }
  if (count == 0 && !stop.stop_requested()) throw ModelInputError("The video has no frame that can be decoded.");
}

void FrameReader::push(Frame frame, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return ready_.size() < ahead_; })) return;
  ready_.push_back(std::move(frame));
  lock.unlock();
  changed_.notify_all();
}

}  // namespace inference_exp::cli
