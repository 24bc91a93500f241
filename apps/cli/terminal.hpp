// What the program says beside its results: errors, progress, exit codes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace inference_exp::cli {

/// Exit codes, part of the program's contract (docs/cli.md).
enum class ExitCode : std::uint8_t {
  ok = 0,
  some_inputs_failed = 1,
  check_failed = 1,
  usage = 2,
  model_not_loaded = 3,
  missing_dependency = 4,
  internal = 5,
  interrupted = 130,
};

/// Writes "error: Name: message" and the hint to stderr and says which code the program should end with.
ExitCode report(const std::exception& error);

/// The same for one input out of many: the program goes on.
void report_input_failure(std::string_view input, const std::string& reason);

[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] bool stderr_is_terminal();

/// From now on Ctrl-C asks the program to finish what it has begun, so that files are closed properly; a second one
/// ends it at once.
void finish_on_interrupt();
[[nodiscard]] bool interrupted();

/// How many characters fit on a line of stderr; 80 where that can't be found out.
[[nodiscard]] std::size_t stderr_width();

/// A bar on stderr for work that takes long. Silent unless `enabled`.
class Progress {
 public:
  /// `total` 0: unknown.
  Progress(std::int64_t total, bool enabled);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void advance();

 private:
  void draw() const;
  std::int64_t total_;
  std::int64_t done_ = 0;
  bool enabled_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace inference_exp::cli
