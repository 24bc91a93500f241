// What the fuzz targets share. Each target lets the library throw its own errors and nothing else: any other exception,
// a failed `require`, or a sanitizer's finding ends the run as a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "inference_exp/errors.hpp"

namespace inference_exp::fuzzing {

/// What must hold whatever the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Runs `parse`; a refusal must be of type `Refusal` and say something.
template <typename Refusal, typename Parse>
void allow_refusal(Parse parse) {
  try {
    parse();
  } catch (const Refusal& error) {
    require(!error.message().empty() && error.message().size() < 2000);
  }
}

/// Hands out the input piece by piece; zeros after its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  /// Within [low, high], which are at most 65,535 apart.
  std::size_t number(std::size_t low, std::size_t high) {
    const std::size_t value = byte() * std::size_t{256} + byte();
    return low + value % (high - low + 1);
  }
  [[nodiscard]] std::span<const std::uint8_t> rest() const { return rest_; }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace inference_exp::fuzzing
