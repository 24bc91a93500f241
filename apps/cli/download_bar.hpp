// What a download shows while it runs: one line for all files of a package.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "inference_exp/load_options.hpp"

namespace inference_exp::cli {

/// Whether DISABLE_INTERACTIVE_PROGRESS_BARS leaves them on.
[[nodiscard]] bool bars_are_wanted();
/// "0:06", "1:02:03"
[[nodiscard]] std::string duration_text(double seconds);

/// Adds up what is reported of the single files.
class DownloadState {
 public:
  using Clock = std::chrono::steady_clock;

  void add(const DownloadProgress& progress, Clock::time_point now);
  /// Such as "weights.onnx  12.34 MB of 45.60 MB  5.20 MB/s  0:06 left", at most `width` characters.
  [[nodiscard]] std::string line(Clock::time_point now, std::size_t width) const;

 private:
  struct File {
    std::uint64_t first = 0;  ///< what was there before: the rest of an interrupted download
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< 0: unknown
  };

  std::map<std::size_t, File> files_;
  std::size_t file_count_ = 0;
  std::string current_;
  bool verifying_ = false;
  Clock::time_point start_;
};

/// While it lives: shows what a load downloads, on stderr and only on a terminal, and lets Ctrl-C cancel the load.
/// DISABLE_INTERACTIVE_PROGRESS_BARS=true hides it.
class DownloadBar {
 public:
  DownloadBar();
  DownloadBar(const DownloadBar&) = delete;
  DownloadBar& operator=(const DownloadBar&) = delete;
  /// Clears the line.
  ~DownloadBar();

  /// `options` for one load that ends before this does.
  [[nodiscard]] LoadOptions attached_to(LoadOptions options);

 private:
  bool report(const DownloadProgress& progress) noexcept;

  DownloadState state_;
  DownloadState::Clock::time_point next_;
  bool enabled_;
  bool drawn_ = false;
};

}  // namespace inference_exp::cli
