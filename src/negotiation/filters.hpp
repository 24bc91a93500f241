// The rules that a package must pass, one function each (loading.md, sections 4.2 to 4.5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inference_exp/model_metadata.hpp"
#include "negotiation/context.hpp"

namespace inference_exp::negotiation {

/// Why a package does not pass. `reason` is the same for the same cause; what differs from package to package stands
/// in `needed` and `available`.
struct Refusal {
  std::string reason;
  std::string needed{};
  std::string available{};
  std::string_view option{};  ///< the member of LoadOptions that could lift this refusal; empty: none
};

/// Nothing: the package passes.
using Verdict = std::optional<Refusal>;

[[nodiscard]] Verdict check_package_id(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_implementation(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_trust(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_backend(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_batch_size(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_quantization(const PackageMetadata& package, const Context& context);
/// Sends the package to the rules of its backend: those of this file, or check_trt.
[[nodiscard]] Verdict check_runtime(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_trt(const PackageMetadata& package, const Context& context);
[[nodiscard]] Verdict check_nms_fusion(const PackageMetadata& package, const Context& context);

}  // namespace inference_exp::negotiation
