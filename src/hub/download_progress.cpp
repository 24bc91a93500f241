#include "hub/download_progress.hpp"

#include <utility>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

constexpr std::chrono::milliseconds kPause{100};

}  // namespace

void ProgressBoard::tell(DownloadProgress progress, bool must_arrive) {
  if (!callback_) return;
  std::unique_lock lock(mutex_, std::defer_lock);
  if (must_arrive) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return;
  }
  progress.file_count = file_count_;
  if (!callback_(progress)) {
    throw OperationCancelledError("The download was cancelled by the progress callback.",
                                  "The next attempt goes on from what is there.");
  }
}

void FileProgress::downloaded(std::uint64_t bytes_done, std::uint64_t bytes_total) {
  {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    const auto now = std::chrono::steady_clock::now();
    if (!lock.owns_lock() || now < next_) return;
    next_ = now + kPause;
  }
  board_.tell({.file = file_,
               .file_index = index_,
               .phase = DownloadProgress::Phase::download,
               .bytes_done = bytes_done,
               .bytes_total = bytes_total},
              false);
}

void FileProgress::enter(DownloadProgress::Phase phase, std::uint64_t bytes_done, std::uint64_t bytes_total) {
  board_.tell(
      {.file = file_, .file_index = index_, .phase = phase, .bytes_done = bytes_done, .bytes_total = bytes_total},
      true);
}

}  // namespace inference_exp::hub
