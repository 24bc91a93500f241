// YOLO's anchor grid decoded where the network left it: only detections leave the device.
//
// Contract: as DevicePreprocessor's: one object per thread at a time, slots are used again after their stream has
// passed, nothing waits, nothing is allocated once the sizes were seen.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/tensor.hpp"
#include "cuda/resources.hpp"
#include "vision/candidates.hpp"
#include "vision/cuda/grid_kernels.hpp"
#include "vision/cuda/kernels.hpp"
#include "vision/nms.hpp"

namespace inference_exp::vision::gpu {

/// One image's grid in device memory, [4 + classes + extra, anchors]: cx, cy, width and height in network pixels, a
/// score per class, other values.
struct DeviceGrid {
  cuda::DevicePointer values = 0;
  DType dtype = DType::f32;  ///< or f16
  std::size_t classes = 0;
  std::size_t extra = 0;
  std::size_t anchors = 0;
};

class DeviceGridDecoder {
 public:
  /// Both are borrowed for the object's lifetime.
  DeviceGridDecoder(const Kernels& kernels, const cuda::Context& context) : kernels_(&kernels), context_(&context) {}

  /// Queues thresholds, suppression and the copy of what stays to the host. Candidates and order are those of
  /// vision::select_candidates and vision::batched_nms to the bit; none is lost, however many there are. Throws
  /// InvalidParameterError for another type than f32 and f16 or a grid of 2^31 values or more in a row, and
  /// cuda::Error; after an error the slot is empty, and free once the stream was waited for.
  void enqueue(std::size_t slot, const DeviceGrid& grid, const ScoreThresholds& thresholds, const NmsOptions& nms,
               cuda::StreamHandle stream);

  /// The slot's detections, best first; valid once its stream was waited for, until it is used again.
  [[nodiscard]] std::span<const DetectionRow> rows(std::size_t slot) const noexcept;
  /// Their other values: [rows, extra].
  [[nodiscard]] std::span<const float> extra(std::size_t slot) const noexcept;

 private:
  struct Slot {
    explicit Slot(const cuda::Context& context)
        : work(context), result(context), threshold_staging(context), thresholds(context), answer(context) {}
    cuda::DeviceBuffer work;    ///< keys, candidates, ranked, kept
    cuda::DeviceBuffer result;  ///< counters, rows, extra values
    cuda::PinnedBuffer threshold_staging;
    cuda::DeviceBuffer thresholds;
    cuda::PinnedBuffer answer;  ///< the result on the host
    std::size_t max_rows = 0;   ///< 0: nothing was queued
    std::size_t extra = 0;
  };

  Slot& slot(std::size_t index);
  static GridWork lay_out(Slot& slot, const DeviceGrid& grid, std::size_t max_rows);
  void enqueue_kernels(Slot& slot, const GridWork& work, cuda::StreamHandle stream) const;

  const Kernels* kernels_;
  const cuda::Context* context_;
  std::vector<Slot> slots_;
};

}  // namespace inference_exp::vision::gpu
