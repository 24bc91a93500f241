// What TensorRT's builder calls while it works. Exceptions must not pass through it: they are kept, stop the build, and
// are thrown again when it has returned.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "nvinfer_headers.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Hands the builder's phases to BuildRequest::progress. Phases nest; each is told by its own name, with the number of
/// the step that it has done. Thread-safe.
class ProgressMonitor final : public nvinfer1::IProgressMonitor {
 public:
  explicit ProgressMonitor(const BuildRequest& request) : request_(request) {}

  void phaseStart(const char* phase, const char* parent, std::int32_t steps) noexcept override;
  bool stepComplete(const char* phase, std::int32_t step) noexcept override;
  void phaseFinish(const char* phase) noexcept override;

  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  void rethrow() const;

 private:
  const BuildRequest& request_;
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_{};
  std::map<std::string, std::int32_t, std::less<>> steps_{};
  std::exception_ptr failure_{};
};

/// Copies the caller's batches to device memory of its own. Of one build thread; the device's context is current.
class Calibrator final : public nvinfer1::IInt8EntropyCalibrator2 {
 public:
  /// `shape` is that of one batch, of float32.
  Calibrator(const Calibration& calibration, std::string input, const Dimensions& shape);
  Calibrator(const Calibrator&) = delete;
  Calibrator& operator=(const Calibrator&) = delete;
  ~Calibrator() override;

  [[nodiscard]] std::int32_t getBatchSize() const noexcept override { return calibration_.batch_size; }
  bool getBatch(void* bindings[], const char* names[], std::int32_t count) noexcept override;
  /// Ranges are found anew in every build, which other images may come with.
  const void* readCalibrationCache(std::size_t& length) noexcept override;
  void writeCalibrationCache(const void* cache, std::size_t length) noexcept override;

  void rethrow() const;

 private:
  [[nodiscard]] bool load_batch();

  const Calibration& calibration_;
  std::string input_;
  std::vector<std::byte> batch_;
  cuda::DevicePointer memory_ = 0;
  std::exception_ptr failure_{};
};

}  // namespace inference_exp::tensorrt
