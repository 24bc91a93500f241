// Packages whose network does non-maximum suppression itself, with values fixed at export (loading.md, section 4.5).
#pragma once

#include "inference_exp/load_options.hpp"
#include "inference_exp/model_metadata.hpp"

namespace inference_exp::negotiation {

/// How well a package that passed check_nms_fusion meets the preferences, for the ranking: up to 1 for each value that
/// the caller cares about, less the further it is from the middle of the range; 0 without fused NMS.
[[nodiscard]] double nms_fusion_closeness(const PackageMetadata& package, const LoadOptions& options);

}  // namespace inference_exp::negotiation
