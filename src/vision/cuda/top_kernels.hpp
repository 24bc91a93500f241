// The best of many logits, as RF-DETR ranks them.
#pragma once

#include "vision/cuda/device.hpp"

namespace inference_exp::vision::gpu {

/// One logit that is among the best, with the box of its query as the network gave it.
struct TopEntry {
  float logit = 0;
  std::uint32_t index = 0;  ///< query * classes + class
  float box[4] = {0, 0, 0, 0};
};

/// Zero before the first kernel.
struct TopCounters {
  std::uint32_t above = 0;
  std::uint32_t reserved[3] = {0, 0, 0};
};

struct TopWork {
  Elements logits;  ///< [queries, classes]
  Elements boxes;   ///< [queries, 4]
  std::uint32_t classes = 0;
  std::uint32_t total = 0;  ///< queries * classes
  std::uint32_t limit = 0;  ///< how many of the best are wanted
  float floor = 0;
  TopCounters* counters = nullptr;
  std::uint64_t* keys = nullptr;  ///< [total]
  TopEntry* entries = nullptr;    ///< [limit], best first
};

/// One logit a thread; NaN is above nothing.
IEXP_DEVICE void collect_logit(const TopWork& work, std::uint32_t index) {
  if (index >= work.total) return;
  const float logit = work.logits.at(index);
  if (logit > work.floor) work.keys[atomic_add(&work.counters->above, 1)] = rank_key(logit, index);
}

/// One collected logit a thread: counts the better ones until it is clear that it is not among the best.
IEXP_DEVICE void rank_logit(const TopWork& work, std::uint32_t candidate) {
  const std::uint32_t count = work.counters->above;
  if (candidate >= count) return;
  const std::uint64_t key = work.keys[candidate];
  std::uint32_t rank = 0;
  for (std::uint32_t i = 0; i < count && rank < work.limit; ++i) rank += work.keys[i] < key ? 1U : 0U;
  if (rank >= work.limit) return;
  TopEntry entry;
  entry.index = static_cast<std::uint32_t>(key);
  entry.logit = work.logits.at(entry.index);
  const std::size_t query = entry.index / work.classes;
  for (std::uint32_t i = 0; i < 4; ++i) entry.box[i] = work.boxes.at(4 * query + i);
  work.entries[rank] = entry;
}

}  // namespace inference_exp::vision::gpu
