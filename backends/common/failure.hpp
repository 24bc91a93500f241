// Errors inside a plug-in, and how they become values at the C boundary.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "inference_exp/backend.h"

namespace inference_exp::backend {

/// Thrown anywhere in a plug-in; never leaves it.
class Failure : public std::exception {
 public:
  Failure(std::int32_t code, std::string message, std::string hint = {})
      : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] std::int32_t code() const noexcept { return code_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  std::int32_t code_;
  std::string message_;
  std::string hint_;
};

/// Describes the exception being handled in `error` (which may be NULL or too small) and returns its code.
std::int32_t report_current_exception(iexp_error* error) noexcept;

/// Runs `body`; whatever it throws becomes an error code.
template <typename Body>
std::int32_t guarded(iexp_error* error, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return IEXP_OK;
  } catch (...) {
    return report_current_exception(error);
  }
}

}  // namespace inference_exp::backend
