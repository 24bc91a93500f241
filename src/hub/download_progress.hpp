// Tells the caller how far the files are, one call at a time.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "inference_exp/load_options.hpp"

namespace inference_exp::hub {

/// For all files of a download. Thread-safe.
class ProgressBoard {
 public:
  ProgressBoard(ProgressCallback callback, std::size_t file_count)
      : callback_(std::move(callback)), file_count_(file_count) {}

  /// Throws OperationCancelledError when the caller says stop. With `must_arrive` it waits for its turn; otherwise it
  /// gives up when another file is being told.
  void tell(DownloadProgress progress, bool must_arrive);

 private:
  ProgressCallback callback_;
  std::size_t file_count_;
  std::mutex mutex_;
};

/// For one of them. Thread-safe.
class FileProgress {
 public:
  FileProgress(ProgressBoard& board, std::string file, std::size_t index)
      : board_(board), file_(std::move(file)), index_(index) {}

  /// About ten times a second something comes of it.
  void downloaded(std::uint64_t bytes_done, std::uint64_t bytes_total);
  void enter(DownloadProgress::Phase phase, std::uint64_t bytes_done, std::uint64_t bytes_total);

 private:
  ProgressBoard& board_;
  std::string file_;
  std::size_t index_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace inference_exp::hub
