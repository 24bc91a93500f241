// RF-DETR's best logits, found where the network left them.
//
// The device does the part that looks at every logit: it keeps those above a floor and of these the best ones, as many
// as there are queries, in the order that models::select_rows ranks them in. The host goes on with these few: sigmoid,
// classes, thresholds. So every rounding of scores is that of the CPU.
//
// Contract: as DevicePreprocessor's.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/tensor.hpp"
#include "cuda/resources.hpp"
#include "vision/cuda/kernels.hpp"
#include "vision/cuda/top_kernels.hpp"

namespace inference_exp::vision::gpu {

/// One image's outputs in device memory: logits [queries, classes] and boxes [queries, 4].
struct DeviceQueries {
  cuda::DevicePointer logits = 0;
  cuda::DevicePointer boxes = 0;
  DType dtype = DType::f32;  ///< of both; or f16
  std::size_t queries = 0;
  std::size_t classes = 0;
};

class DeviceTopSelector {
 public:
  /// Both are borrowed for the object's lifetime.
  DeviceTopSelector(const Kernels& kernels, const cuda::Context& context) : kernels_(&kernels), context_(&context) {}

  /// Queues the search and the copy of what it finds to the host. `floor`: logits up to it are not wanted (-infinity
  /// for none). Throws InvalidParameterError for another type than f32 and f16 or 2^31 logits or more, and cuda::Error;
  /// after an error the slot is empty, and free once the stream was waited for.
  void enqueue(std::size_t slot, const DeviceQueries& outputs, float floor, cuda::StreamHandle stream);

  /// At most `queries` logits above the floor, highest first, equal ones by rising index, never NaN; valid once the
  /// stream was waited for, until the slot is used again.
  [[nodiscard]] std::span<const TopEntry> entries(std::size_t slot) const noexcept;

 private:
  struct Slot {
    explicit Slot(const cuda::Context& context) : keys(context), result(context), answer(context) {}
    cuda::DeviceBuffer keys;
    cuda::DeviceBuffer result;  ///< counters, entries
    cuda::PinnedBuffer answer;  ///< the result on the host
    std::size_t limit = 0;      ///< 0: nothing was queued
  };

  const Kernels* kernels_;
  const cuda::Context* context_;
  std::vector<Slot> slots_;
};

}  // namespace inference_exp::vision::gpu
