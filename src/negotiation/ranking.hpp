// Which of the packages that can run here comes first (loading.md, section 4.6).
#pragma once

#include <string_view>
#include <vector>

#include "inference_exp/negotiation.hpp"
#include "negotiation/context.hpp"

namespace inference_exp::negotiation {

/// "trt-torch-onnx" or "trt-onnx-torch".
[[nodiscard]] std::string_view ranking_name(BackendRanking ranking) noexcept;

/// The packages with their keys, best first. The order does not depend on theirs unless two have the same id.
[[nodiscard]] std::vector<RankedPackage> rank(const std::vector<const PackageMetadata*>& packages,
                                              const Context& context);

}  // namespace inference_exp::negotiation
