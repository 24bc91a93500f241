// One request on one machine: everything that packages are compared with, worked out once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/implementation.hpp"
#include "core/version.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/load_options.hpp"
#include "inference_exp/model_metadata.hpp"
#include "negotiation/negotiate.hpp"
#include "negotiation/request.hpp"

namespace inference_exp::negotiation {

/// How ONNX Runtime would be used.
struct OnnxSituation {
  std::vector<std::string> wanted_providers;  ///< by the caller, or by default
  std::vector<std::string> providers;         ///< those of them that are available, in the same order
  bool chosen_by_caller = false;
  std::int32_t newest_opset = 0;
};

/// Borrows what it was made from.
struct Context {
  Context(const ModelMetadata& model, const LoadOptions& options, const EnvironmentDescription& environment,
          std::span<const Implementation> implementations, const NegotiationInputs& inputs);

  /// What is known of the plug-in that serves packages of `backend`; null where there is no such plug-in.
  [[nodiscard]] const BackendDescription* backend(std::string_view backend) const;

  const ModelMetadata& model;
  const LoadOptions& options;
  const EnvironmentDescription& environment;
  std::span<const Implementation> implementations;
  Request request;
  std::vector<const GpuDescription*> gpus;  ///< those that the request may use
  OnnxSituation onnx;
  std::optional<Version> torch_version;
  std::optional<Version> trt_version;
  std::optional<Version> l4t_version;
  std::optional<Version> driver_version;
};

/// The newest ONNX opset that a version of ONNX Runtime reads. Versions before the table are treated as its first row;
/// after it each minor version is taken to bring one opset, rather too many than too few: a network that is too new
/// fails to open and the next package is tried, but one that is ruled out never gets its chance.
[[nodiscard]] std::int32_t newest_opset(const std::optional<Version>& onnxruntime);

}  // namespace inference_exp::negotiation
