// The batch sizes that a package takes, in one form.
#pragma once

#include <optional>

#include "inference_exp/load_options.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp::negotiation {

/// From smallest to largest; nothing where the package sets no limit.
[[nodiscard]] std::optional<BatchRange> batch_limits(const BatchSupport& batch);

}  // namespace inference_exp::negotiation
