#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>

#include "inference_exp/errors.hpp"

namespace inference_exp::cli {
namespace {

using namespace std::chrono_literals;

std::atomic<bool> interrupt_seen{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

extern "C" void on_interrupt(int signal) {
  interrupt_seen = true;
  std::signal(signal, SIG_DFL);  // NOLINT(cert-err33-c): nothing could be done about a failure here
}

template <typename... Errors>
bool is_any_of(const std::exception& error) {
  return ((dynamic_cast<const Errors*>(&error) != nullptr) || ...);
}

/// The more special class first: parents are asked for later.
ExitCode exit_code_of(const std::exception& error) {
  if (is_any_of<OperationCancelledError>(error)) return ExitCode::interrupted;
  if (is_any_of<InvalidParameterError, AssumptionError, InvalidEnvVariable, UnknownBackendTypeError,
                UnknownQuantizationError, InvalidRequestedBatchSizeError, MissingModelInitParameterError,
                InvalidModelInitParameterError>(error)) {
    return ExitCode::usage;
  }
  if (is_any_of<MissingDependencyError, EnvironmentConfigurationError>(error)) return ExitCode::missing_dependency;
  if (is_any_of<ModelRetrievalError, ModelPackageNegotiationError, ModelLoadingError>(error) ||
      is_any_of<RetryError, RangeRequestNotSupportedError, UntrustedFileError, FileHashSumMissmatch, ModelCacheError>(
          error)) {
    return ExitCode::model_not_loaded;
  }
  if (is_any_of<ModelInputError>(error)) return ExitCode::some_inputs_failed;
  return ExitCode::internal;
}

}  // namespace

ExitCode report(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) {
    std::cerr << "error: " << ours->name() << ": " << ours->message() << '\n';
    if (!ours->hint().empty()) std::cerr << "  " << ours->hint() << '\n';
    std::cerr << "  More: " << ours->help_page() << '\n';
  } else if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    std::cerr << "error: Out of memory.\n  Try smaller pictures, a smaller --batch-size or --mask-format rle.\n";
  } else {
    std::cerr << "error: " << error.what() << '\n';
  }
  return exit_code_of(error);
}

void report_input_failure(std::string_view input, const std::string& reason) {
  std::cerr << "error: " << input << ": " << reason << '\n';
}

bool stdout_is_terminal() { return isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

std::size_t stderr_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

void finish_on_interrupt() { static_cast<void>(std::signal(SIGINT, on_interrupt)); }
bool interrupted() { return interrupt_seen; }

Progress::Progress(std::int64_t total, bool enabled)
    : total_(total), enabled_(enabled && total != 1), next_(std::chrono::steady_clock::now() + 1s) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::advance() {
  ++done_;
  const auto now = std::chrono::steady_clock::now();
  if (!enabled_ || now < next_) return;
  next_ = now + 100ms;
  drawn_ = true;
  draw();
}

void Progress::draw() const {
  constexpr std::int64_t kWidth = 40;
  if (total_ <= 0) {
    std::fprintf(stderr, "\r%lld frames\033[K", static_cast<long long>(done_));
    return;
  }
  const auto filled = static_cast<std::size_t>(std::min(kWidth, kWidth * done_ / total_));
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, ' ');
  std::fprintf(stderr, "\r[%s] %lld/%lld\033[K", bar.c_str(), static_cast<long long>(done_),
               static_cast<long long>(total_));
}

}  // namespace inference_exp::cli
