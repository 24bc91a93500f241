// Chooses among the packages of a model (loading.md, sections 4.2 to 4.6).
//
// Contract: pure functions over values. Nothing here looks at the machine or the process environment, so that the same
// arguments give the same answer anywhere, from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/implementation.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model_metadata.hpp"
#include "inference_exp/negotiation.hpp"

namespace inference_exp::negotiation {

/// What the process environment says, handed in by whoever may read it.
struct NegotiationInputs {
  /// The default preference of execution providers (Options::onnx_execution_providers). Empty: CUDA, OpenVINO, CoreML,
  /// CPU.
  std::vector<std::string> onnx_execution_providers;
};

/// What can run here, best first, and why the rest cannot. That nothing is left is an answer with an empty `ranked`.
/// Throws InvalidRequestedBatchSizeError, UnknownBackendTypeError, InvalidParameterError (device, preferences),
/// ModelPackageNegotiationError (a GPU that does not exist) and AmbiguousModelPackageResolutionError.
[[nodiscard]] Decision negotiate(const ModelMetadata& model, std::string_view requested_model,
                                 const LoadOptions& options, const EnvironmentDescription& environment,
                                 std::span<const Implementation> implementations, const NegotiationInputs& inputs = {});

/// Throws NoModelPackagesAvailableError: why nothing is left, reason by reason, and what would help most.
[[noreturn]] void throw_nothing_left(const Decision& decision);

}  // namespace inference_exp::negotiation
