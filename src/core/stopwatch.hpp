// Seconds between one call and the next.
#pragma once

#include <chrono>

namespace inference_exp {

class Stopwatch {
 public:
  /// Seconds since the last call or the beginning.
  double lap() noexcept {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace inference_exp
