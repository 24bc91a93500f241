// What a compilation shows while it runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "inference_exp/compile.hpp"

namespace inference_exp::cli {

/// Such as "Building the engine  12/40  1:05", at most `width` characters.
[[nodiscard]] std::string compile_line(const CompileProgress& progress, std::size_t width);

/// While it lives: shows how far a compilation is, on stderr, and lets Ctrl-C cancel it. On a terminal that is one live
/// line, which DISABLE_INTERACTIVE_PROGRESS_BARS=true hides; elsewhere a line for each phase that begins.
class CompileBar {
 public:
  CompileBar();
  CompileBar(const CompileBar&) = delete;
  CompileBar& operator=(const CompileBar&) = delete;
  /// Clears the line.
  ~CompileBar();

  /// For one compilation that ends before this does.
  [[nodiscard]] CompileProgressCallback callback();

 private:
  enum class Style { none, lines, live };
  bool report(const CompileProgress& progress) noexcept;
  void show(const CompileProgress& progress);

  Style style_ = Style::lines;
  std::string phase_;
  std::chrono::steady_clock::time_point next_;
  bool drawn_ = false;
};

}  // namespace inference_exp::cli
