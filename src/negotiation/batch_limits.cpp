#include "negotiation/batch_limits.hpp"

#include <algorithm>

namespace inference_exp::negotiation {

std::optional<BatchRange> batch_limits(const BatchSupport& batch) {
  if (!batch.dynamic) {
    if (!batch.static_size) return std::nullopt;
    return BatchRange{.min = *batch.static_size, .max = *batch.static_size};
  }
  std::optional<BatchRange> limits;
  for (const std::optional<std::int32_t>& size : {batch.min, batch.opt, batch.max}) {
    if (!size) continue;
    if (!limits) limits = BatchRange{.min = *size, .max = *size};
    limits->min = std::min(limits->min, *size);
    limits->max = std::max(limits->max, *size);
  }
  return limits;
}

}  // namespace inference_exp::negotiation
