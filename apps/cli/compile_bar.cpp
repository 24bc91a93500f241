#include "compile_bar.hpp"

#include <cstdio>
#include <exception>

#include "download_bar.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string compile_line(const CompileProgress& progress, std::size_t width) {
  std::string text = printable(progress.phase);
  if (progress.steps > 0) text += "  " + std::to_string(progress.step) + "/" + std::to_string(progress.steps);
  text += "  " + duration_text(progress.elapsed);
  return text.substr(0, width);
}

CompileBar::CompileBar() {
  if (stderr_is_terminal()) style_ = bars_are_wanted() ? Style::live : Style::none;
}

CompileBar::~CompileBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

CompileProgressCallback CompileBar::callback() {
  return [this](const CompileProgress& progress) { return report(progress); };
}

void CompileBar::show(const CompileProgress& progress) {
  const bool begins = progress.phase != phase_;
  phase_ = progress.phase;
  if (style_ == Style::lines && begins) std::fprintf(stderr, "%s\n", printable(progress.phase).c_str());
  if (style_ != Style::live) return;
  const auto now = std::chrono::steady_clock::now();
  if (!begins && now < next_) return;
  next_ = now + 100ms;
  drawn_ = true;
  std::fprintf(stderr, "\r%s\033[K", compile_line(progress, stderr_width() - 1).c_str());
}

bool CompileBar::report(const CompileProgress& progress) noexcept {
  try {
    if (style_ != Style::none) show(progress);
  } catch (const std::exception&) {
    style_ = Style::none;  // too little memory for a line of text: the compilation goes on without it
  }
  return !interrupted();
}

}  // namespace inference_exp::cli
