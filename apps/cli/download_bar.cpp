#include "download_bar.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "terminal.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {
namespace {

using namespace std::chrono_literals;

}  // namespace

bool bars_are_wanted() {
  const char* value = std::getenv("DISABLE_INTERACTIVE_PROGRESS_BARS");  // NOLINT(concurrency-mt-unsafe): no writer
  if (value == nullptr) return true;
  std::string word = value;
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word != "true";
}

std::string duration_text(double seconds) {
  constexpr double kLongest = 359'999;  // 99 hours and more are all the same
  const auto whole = static_cast<long>(std::ceil(std::min(seconds, kLongest)));
  std::array<char, 32> text{};
  if (whole < 3600) {
    std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return text.data();
}

void DownloadState::add(const DownloadProgress& progress, Clock::time_point now) {
  if (files_.empty()) start_ = now;
  const auto [entry, is_new] = files_.try_emplace(progress.file_index);
  File& file = entry->second;
  file_count_ = std::max(progress.file_count, files_.size());
  current_ = progress.file;
  verifying_ = progress.phase == DownloadProgress::Phase::verify;
  if (progress.bytes_total > 0) file.total = progress.bytes_total;
  // While a hash is computed the numbers are those of the hash: the file itself is complete.
  const bool downloading = progress.phase == DownloadProgress::Phase::download;
  file.done = downloading ? progress.bytes_done : std::max(file.done, file.total);
  if (is_new) file.first = file.done;
}

std::string DownloadState::line(Clock::time_point now, std::size_t width) const {
  std::uint64_t first = 0;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  bool total_known = files_.size() == file_count_;
  for (const auto& [index, file] : files_) {
    first += file.first;
    done += file.done;
    total += file.total;
    total_known = total_known && file.total > 0;
  }
  std::string text = printable(current_) + (verifying_ ? " (checking)" : "") + "  " + size_text(done);
  if (total_known) text += " of " + size_text(total);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double speed = seconds > 0 ? static_cast<double>(done - std::min(first, done)) / seconds : 0;
  if (speed > 0) {
    text += "  " + size_text(static_cast<std::uint64_t>(speed)) + "/s";
    if (total_known && total > done) text += "  " + duration_text(static_cast<double>(total - done) / speed) + " left";
  }
  return text.substr(0, width);
}

DownloadBar::DownloadBar() : enabled_(stderr_is_terminal() && bars_are_wanted()) {}

DownloadBar::~DownloadBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

LoadOptions DownloadBar::attached_to(LoadOptions options) {
  options.hub.progress = [this](const DownloadProgress& progress) { return report(progress); };
  return options;
}

bool DownloadBar::report(const DownloadProgress& progress) noexcept {
  if (!enabled_) return !interrupted();
  try {
    const auto now = DownloadState::Clock::now();
    state_.add(progress, now);
    if (now >= next_) {
      next_ = now + 100ms;
      drawn_ = true;
      std::fprintf(stderr, "\r%s\033[K", state_.line(now, stderr_width() - 1).c_str());
    }
  } catch (const std::exception&) {
    enabled_ = false;  // too little memory for a line of text: the download goes on without it
  }
  return !interrupted();
}

}  // namespace inference_exp::cli
