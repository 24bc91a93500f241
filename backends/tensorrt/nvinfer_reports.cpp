#include "nvinfer_reports.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <memory>
#include <vector>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

namespace {

using nvinfer1::ErrorCode;

thread_local Reports* current_reports = nullptr;

/// Those that listen to threads which have none.
struct Listeners {
  std::mutex mutex;
  std::vector<Reports*> all;
};

Listeners& listeners() {
  static Listeners& instance = *std::make_unique<Listeners>().release();
  return instance;
}

/// Never throws: what cannot be noted is lost.
void report(ErrorCode code, const char* text) noexcept {
  if (text == nullptr) return;
  try {
    if (current_reports != nullptr) return current_reports->add(code, text);
    Listeners& others = listeners();
    const std::scoped_lock lock(others.mutex);
    for (Reports* reports : others.all) reports->add(code, text);
  } catch (...) {
  }
}

class Logger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const nvinfer1::AsciiChar* message) noexcept override {
    if (severity <= Severity::kERROR) report(ErrorCode::kUNSPECIFIED_ERROR, message);
  }
};

/// Reads like a recorder of the calling thread's own.
class ErrorRecorder final : public nvinfer1::IErrorRecorder {
 public:
  [[nodiscard]] std::int32_t getNbErrors() const noexcept override {
    return current_reports != nullptr ? current_reports->count() : 0;
  }
  [[nodiscard]] ErrorCode getErrorCode(std::int32_t index) const noexcept override {
    return current_reports != nullptr ? current_reports->code(index) : ErrorCode::kSUCCESS;
  }
  [[nodiscard]] ErrorDesc getErrorDesc(std::int32_t index) const noexcept override {
    return current_reports != nullptr ? current_reports->text(index) : "";
  }
  [[nodiscard]] bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override {
    if (current_reports != nullptr) current_reports->clear();
  }
  bool reportError(ErrorCode code, ErrorDesc text) noexcept override {
    report(code, text);
    return true;
  }
  RefCount incRefCount() noexcept override { return ++references_; }
  RefCount decRefCount() noexcept override { return --references_; }

 private:
  std::atomic<RefCount> references_{0};
};

/// Whether TensorRT speaks of memory that ran out: not every such error comes with its code.
bool tells_of_memory(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find("out of memory") != std::string::npos || text.find("outofmemory") != std::string::npos;
}

}  // namespace

Reports::Reports(Listen listen) : outer_(current_reports), listen_(listen) {
  current_reports = this;
  if (listen_ == Listen::this_thread) return;
  Listeners& others = listeners();
  const std::scoped_lock lock(others.mutex);
  others.all.push_back(this);
}

Reports::~Reports() {
  current_reports = outer_;
  if (listen_ == Listen::this_thread) return;
  Listeners& others = listeners();
  const std::scoped_lock lock(others.mutex);
  std::erase(others.all, this);
}

void Reports::add(ErrorCode code, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  // Logger and recorder are often told the same.
  for (Report& known : reports_) {
    if (known.text != text) continue;
    if (known.code == ErrorCode::kUNSPECIFIED_ERROR) known.code = code;
    return;
  }
  reports_.push_back({.code = code, .text = std::string(text)});
}

void Reports::clear() {
  const std::scoped_lock lock(mutex_);
  reports_.clear();
}

std::int32_t Reports::count() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::int32_t>(reports_.size());
}

ErrorCode Reports::code(std::int32_t index) const {
  const std::scoped_lock lock(mutex_);
  const auto at = static_cast<std::size_t>(index);
  return index >= 0 && at < reports_.size() ? reports_[at].code : ErrorCode::kINVALID_ARGUMENT;
}

const char* Reports::text(std::int32_t index) const {
  const std::scoped_lock lock(mutex_);
  const auto at = static_cast<std::size_t>(index);
  return index >= 0 && at < reports_.size() ? reports_[at].text.c_str() : "";
}

std::string Reports::text() const {
  const std::scoped_lock lock(mutex_);
  std::string all;
  for (const Report& report : reports_) all += (all.empty() ? "" : " ") + report.text;
  return all.empty() ? "TensorRT gave no reason." : all;
}

bool Reports::out_of_memory() const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(reports_, [](const Report& report) {
    return report.code == ErrorCode::kFAILED_ALLOCATION || tells_of_memory(report.text);
  });
}

void Reports::throw_failure(const std::string& what) const {
  if (out_of_memory()) {
    throw backend::Failure(IEXP_ERROR_DEVICE_MEMORY, what + ": TensorRT ran out of memory. " + text(),
                           "Use a smaller batch, fewer calls at once, or free memory of the GPU.");
  }
  throw backend::Failure(IEXP_ERROR_MODEL_RUNTIME, what + ": " + text());
}

nvinfer1::ILogger& logger() {
  static Logger& instance = *std::make_unique<Logger>().release();
  return instance;
}

nvinfer1::IErrorRecorder& error_recorder() {
  static ErrorRecorder& instance = *std::make_unique<ErrorRecorder>().release();
  return instance;
}

}  // namespace inference_exp::tensorrt
