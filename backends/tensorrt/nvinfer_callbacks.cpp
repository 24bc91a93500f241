#include "nvinfer_callbacks.hpp"

#include <bit>
#include <numeric>
#include <string_view>
#include <utility>

#include "common/failure.hpp"
#include "cuda_errors.hpp"

namespace inference_exp::tensorrt {

void ProgressMonitor::phaseStart(const char* phase, const char* /*parent*/, std::int32_t steps) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    steps_.insert_or_assign(phase, steps);
  } catch (...) {  // the phase is told without its number of steps
  }
}

bool ProgressMonitor::stepComplete(const char* phase, std::int32_t step) noexcept {
  if (stopped_) return false;
  if (!request_.progress) return true;
  try {
    std::int32_t steps = 0;
    {
      const std::scoped_lock lock(mutex_);
      const auto known = steps_.find(std::string_view(phase));
      if (known != steps_.end()) steps = known->second;
    }
    if (request_.progress(phase, step, steps)) return true;
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    failure_ = std::current_exception();
  }
  stopped_ = true;
  return false;
}

void ProgressMonitor::phaseFinish(const char* phase) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto known = steps_.find(std::string_view(phase));
  if (known != steps_.end()) steps_.erase(known);
}

void ProgressMonitor::rethrow() const {
  const std::scoped_lock lock(mutex_);
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

Calibrator::Calibrator(const Calibration& calibration, std::string input, const Dimensions& shape)
    : calibration_(calibration), input_(std::move(input)) {
  const auto elements =
      std::accumulate(shape.begin(), shape.end(), std::size_t{1},
                      [](std::size_t count, std::int64_t dim) { return count * static_cast<std::size_t>(dim); });
  batch_.resize(elements * sizeof(float));
  with_cuda_errors([&] { cuda::check(cuda::driver().mem_alloc(&memory_, batch_.size()), "cuMemAlloc"); });
}

Calibrator::~Calibrator() { cuda::driver().mem_free(memory_); }

bool Calibrator::load_batch() {
  if (!calibration_.next_batch(batch_)) return false;
  constexpr cuda::StreamHandle kStream = nullptr;
  with_cuda_errors([&] {
    const cuda::Driver& driver = cuda::driver();
    cuda::check(driver.memcpy_htod_async(memory_, batch_.data(), batch_.size(), kStream), "cuMemcpyHtoDAsync");
    cuda::check(driver.stream_synchronize(kStream), "cuStreamSynchronize");
  });
  return true;
}

bool Calibrator::getBatch(void* bindings[], const char* names[], std::int32_t count) noexcept {
  try {
    for (std::int32_t i = 0; i < count; ++i) {
      if (input_ != names[i]) return false;
      bindings[i] = std::bit_cast<void*>(memory_);
    }
    return load_batch();
  } catch (...) {
    failure_ = std::current_exception();
    return false;
  }
}

const void* Calibrator::readCalibrationCache(std::size_t& length) noexcept {
  length = 0;
  return nullptr;
}

void Calibrator::writeCalibrationCache(const void* /*cache*/, std::size_t /*length*/) noexcept {}

void Calibrator::rethrow() const {
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

}  // namespace inference_exp::tensorrt
