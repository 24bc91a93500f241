#include "vision/cuda/grid_decoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "inference_exp/errors.hpp"
#include "vision/cuda/device_pointer.hpp"

namespace inference_exp::vision::gpu {

namespace {

void require_decodable(const DeviceGrid& grid) {
  constexpr std::size_t kLimit = std::size_t{1} << 31;
  if (grid.dtype != DType::f32 && grid.dtype != DType::f16) {
    throw InvalidParameterError(
        "Outputs of type " + std::string(dtype_name(grid.dtype)) + " are not decoded on the GPU.",
        "Copy the network's output to the host.");
  }
  if (grid.anchors >= kLimit || grid.classes >= kLimit || grid.extra >= kLimit) {
    throw InvalidParameterError("The network's output is too large to be decoded on the GPU.",
                                "Copy the network's output to the host.");
  }
}

/// The float for which "f32 > it" means the same as "f32 widened > threshold".
float largest_float_up_to(double threshold) noexcept {
  const auto nearest = static_cast<float>(threshold);
  return static_cast<double>(nearest) > threshold ? std::nextafter(nearest, -1.F) : nearest;
}

std::size_t result_bytes(std::size_t max_rows, std::size_t extra) noexcept {
  return sizeof(GridCounters) + max_rows * (sizeof(DetectionRow) + extra * sizeof(float));
}

GridCounters read_counters(const cuda::PinnedBuffer& answer) noexcept {
  GridCounters counters;
  std::memcpy(&counters, answer.data(), sizeof(counters));
  return counters;
}

}  // namespace

DeviceGridDecoder::Slot& DeviceGridDecoder::slot(std::size_t index) {
  while (slots_.size() <= index) slots_.emplace_back(*context_);
  return slots_[index];
}

// Buffers of the right size, and the pointers into them.
GridWork DeviceGridDecoder::lay_out(Slot& slot, const DeviceGrid& grid, std::size_t max_rows) {
  slot.work.reserve(grid.anchors * (sizeof(std::uint64_t) + 2 * sizeof(DetectionRow)) + max_rows * sizeof(KeptBox));
  slot.result.reserve(result_bytes(max_rows, grid.extra));
  slot.answer.reserve(result_bytes(max_rows, grid.extra));
  GridWork work;
  work.grid = {device_pointer<const void>(grid.values), grid.dtype == DType::f16};
  work.classes = static_cast<std::uint32_t>(grid.classes);
  work.extra = static_cast<std::uint32_t>(grid.extra);
  work.anchors = static_cast<std::uint32_t>(grid.anchors);
  work.max_rows = static_cast<std::uint32_t>(max_rows);
  cuda::DevicePointer address = slot.work.address();
  const auto take = [&address]<typename T>(T*& pointer, std::size_t count) {
    pointer = device_pointer<T>(address);
    address += count * sizeof(T);
  };
  take(work.keys, grid.anchors);
  take(work.candidates, grid.anchors);
  take(work.ranked, grid.anchors);
  take(work.kept, max_rows);
  address = slot.result.address();
  take(work.counters, 1);
  take(work.rows, max_rows);
  take(work.extra_values, max_rows * grid.extra);
  return work;
}

void DeviceGridDecoder::enqueue_kernels(Slot& slot, const GridWork& work, cuda::StreamHandle stream) const {
  cuda::fill_zero(slot.result.address(), sizeof(GridCounters), stream);
  kernels_->for_each(Kernel::select_candidates, work, work.anchors, stream);
  kernels_->for_each(Kernel::rank_candidates, work, work.anchors, stream);
  kernels_->for_each_block(Kernel::suppress_candidates, work, 1, stream);
  cuda::copy_to_host(slot.answer.data(), slot.result.address(), result_bytes(work.max_rows, work.extra), stream);
}

void DeviceGridDecoder::enqueue(std::size_t index, const DeviceGrid& grid, const ScoreThresholds& thresholds,
                                const NmsOptions& nms, cuda::StreamHandle stream) {
  require_decodable(grid);
  const cuda::ContextScope scope(*context_);
  Slot& slot = this->slot(index);
  slot.max_rows = 0;
  slot.extra = grid.extra;
  const std::size_t max_rows = std::min(nms.max_detections, grid.anchors);
  if (max_rows == 0 || grid.classes == 0) return;
  GridWork work = lay_out(slot, grid, max_rows);
  work.threshold = thresholds.uniform;
  work.iou_above = largest_float_up_to(nms.iou_threshold);
  work.class_agnostic = nms.class_agnostic;
  work.offset_limit = kOffsetTrickLimit;
  if (!thresholds.per_class.empty()) {
    const std::size_t bytes = thresholds.per_class.size_bytes();
    slot.threshold_staging.reserve(bytes);
    slot.thresholds.reserve(bytes);
    std::memcpy(slot.threshold_staging.data(), thresholds.per_class.data(), bytes);
    cuda::copy_to_device(slot.thresholds.address(), slot.threshold_staging.data(), bytes, stream);
    work.class_thresholds = device_pointer<const float>(slot.thresholds.address());
  }
  enqueue_kernels(slot, work, stream);
  slot.max_rows = max_rows;
}

std::span<const DetectionRow> DeviceGridDecoder::rows(std::size_t index) const noexcept {
  if (index >= slots_.size() || slots_[index].max_rows == 0) return {};
  const cuda::PinnedBuffer& answer = slots_[index].answer;
  const auto* const rows = reinterpret_cast<const DetectionRow*>(answer.data() + sizeof(GridCounters));
  return {rows, std::min<std::size_t>(read_counters(answer).rows, slots_[index].max_rows)};
}

std::span<const float> DeviceGridDecoder::extra(std::size_t index) const noexcept {
  const std::size_t count = rows(index).size();
  if (count == 0) return {};
  const Slot& slot = slots_[index];
  const std::byte* const values = slot.answer.data() + result_bytes(slot.max_rows, 0);
  return {reinterpret_cast<const float*>(values), count * slot.extra};
}

}  // namespace inference_exp::vision::gpu
