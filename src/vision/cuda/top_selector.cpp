#include "vision/cuda/top_selector.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "inference_exp/errors.hpp"
#include "vision/cuda/device_pointer.hpp"

namespace inference_exp::vision::gpu {

namespace {

void require_selectable(const DeviceQueries& outputs) {
  constexpr std::size_t kLimit = std::size_t{1} << 31;
  if (outputs.dtype != DType::f32 && outputs.dtype != DType::f16) {
    throw InvalidParameterError(
        "Logits of type " + std::string(dtype_name(outputs.dtype)) + " are not ranked on the GPU.",
        "Copy the network's outputs to the host.");
  }
  if (outputs.classes != 0 && outputs.queries >= kLimit / outputs.classes) {
    throw InvalidParameterError("The network gave too many logits to be ranked on the GPU.",
                                "Copy the network's outputs to the host.");
  }
}

std::size_t top_result_bytes(std::size_t limit) noexcept { return sizeof(TopCounters) + limit * sizeof(TopEntry); }

}  // namespace

void DeviceTopSelector::enqueue(std::size_t index, const DeviceQueries& outputs, float floor,
                                cuda::StreamHandle stream) {
  require_selectable(outputs);
  const cuda::ContextScope scope(*context_);
  while (slots_.size() <= index) slots_.emplace_back(*context_);
  Slot& slot = slots_[index];
  slot.limit = 0;
  const std::size_t total = outputs.queries * outputs.classes;
  if (total == 0) return;
  const std::size_t bytes = top_result_bytes(outputs.queries);
  slot.keys.reserve(total * sizeof(std::uint64_t));
  slot.result.reserve(bytes);
  slot.answer.reserve(bytes);

  TopWork work;
  const bool half = outputs.dtype == DType::f16;
  work.logits = {device_pointer<const void>(outputs.logits), half};
  work.boxes = {device_pointer<const void>(outputs.boxes), half};
  work.classes = static_cast<std::uint32_t>(outputs.classes);
  work.total = static_cast<std::uint32_t>(total);
  work.limit = static_cast<std::uint32_t>(outputs.queries);
  work.floor = floor;
  work.counters = device_pointer<TopCounters>(slot.result.address());
  work.keys = device_pointer<std::uint64_t>(slot.keys.address());
  work.entries = device_pointer<TopEntry>(slot.result.address() + sizeof(TopCounters));

  cuda::fill_zero(slot.result.address(), sizeof(TopCounters), stream);
  kernels_->for_each(Kernel::collect_logits, work, total, stream);
  kernels_->for_each(Kernel::rank_logits, work, total, stream);
  cuda::copy_to_host(slot.answer.data(), slot.result.address(), bytes, stream);
  slot.limit = outputs.queries;
}

std::span<const TopEntry> DeviceTopSelector::entries(std::size_t index) const noexcept {
  if (index >= slots_.size() || slots_[index].limit == 0) return {};
  const std::byte* const answer = slots_[index].answer.data();
  TopCounters counters;
  std::memcpy(&counters, answer, sizeof(counters));
  const auto* const entries = reinterpret_cast<const TopEntry*>(answer + sizeof(counters));
  return {entries, std::min<std::size_t>(counters.above, slots_[index].limit)};
}

}  // namespace inference_exp::vision::gpu
