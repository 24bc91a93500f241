// Telling the caller of a compilation how far it is, and hearing whether to go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "inference_exp/compile.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp {

/// Counts time from its own making. Thread-safe.
class CompileReporter {
 public:
  explicit CompileReporter(const CompileProgressCallback& callback) : callback_(callback) {}

  /// False when the caller wants to stop.
  [[nodiscard]] bool report(std::string_view phase, std::int32_t step = 0, std::int32_t steps = 0) {
    const std::scoped_lock lock(mutex_);
    if (!callback_) return true;
    return callback_({.phase = std::string(phase), .step = step, .steps = steps, .elapsed = elapsed()});
  }

  /// The same, with the error that ends the compilation.
  void require(std::string_view phase, std::int32_t step = 0, std::int32_t steps = 0) {
    if (report(phase, step, steps)) return;
    throw OperationCancelledError("The compilation was cancelled.", "Nothing was kept of it; call it again.");
  }

  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  const CompileProgressCallback& callback_;
  std::mutex mutex_{};
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace inference_exp
