// What TensorRT reports while it works. It tells failures as null or false, and the reasons to a logger and to error
// recorders, from whatever thread found them.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "nvinfer_headers.hpp"

namespace inference_exp::tensorrt {

/// Collects the errors of one call for as long as it lives: those of the thread that made it, and with Listen::always
/// those of threads that TensorRT started, which builds do. Thread-safe.
class Reports {
 public:
  enum class Listen : std::uint8_t { this_thread, always };

  explicit Reports(Listen listen = Listen::this_thread);
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  ~Reports();

  void add(nvinfer1::ErrorCode code, std::string_view text);
  void clear();
  [[nodiscard]] std::int32_t count() const;
  [[nodiscard]] nvinfer1::ErrorCode code(std::int32_t index) const;
  /// Valid until clear().
  [[nodiscard]] const char* text(std::int32_t index) const;

  /// All texts, one after another.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool out_of_memory() const;
  /// Throws IEXP_ERROR_DEVICE_MEMORY where memory ran out, else IEXP_ERROR_MODEL_RUNTIME; `what` failed.
  [[noreturn]] void throw_failure(const std::string& what) const;

 private:
  struct Report {
    nvinfer1::ErrorCode code;
    std::string text;
  };
  mutable std::mutex mutex_{};
  std::deque<Report> reports_{};
  Reports* outer_;
  Listen listen_;
};

/// One of each for the whole process, never destroyed: TensorRT keeps what it was given first. They fill the Reports
/// that are there, and drop what nobody listens to.
[[nodiscard]] nvinfer1::ILogger& logger();
[[nodiscard]] nvinfer1::IErrorRecorder& error_recorder();

}  // namespace inference_exp::tensorrt
