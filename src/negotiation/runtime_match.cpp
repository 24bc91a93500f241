// Whether the backend that a package needs can run it here; TensorRT's rules are in trt_match.cpp.
#include <algorithm>

#include "negotiation/filters.hpp"
#include "negotiation/wording.hpp"

namespace inference_exp::negotiation {

namespace {

constexpr std::string_view kProvidersOption = "session.execution_providers";

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

Verdict check_available(const PackageMetadata& package, const Context& context) {
  const BackendDescription* backend = context.backend(package.backend);
  if (backend != nullptr && backend->available) return std::nullopt;
  if (backend == nullptr) {
    return Refusal{.reason = "No plug-in is known that serves the backend \"" + package.backend + "\"."};
  }
  return Refusal{.reason = "The backend \"" + package.backend + "\" cannot be used here. " + one_line(backend->reason)};
}

Verdict check_providers(const OnnxPackageDetails& details, const OnnxSituation& onnx, std::string_view option) {
  const std::string whose = onnx.chosen_by_caller ? "that were asked for" : "that are the default";
  if (onnx.providers.empty()) {
    return Refusal{.reason = "None of the execution providers " + whose +
                             " is available here: " + list_of(onnx.wanted_providers) + ".",
                   .option = option};
  }
  const std::string& first = onnx.providers.front();
  if (std::ranges::find(details.incompatible_providers, first) == details.incompatible_providers.end()) {
    return std::nullopt;
  }
  return Refusal{.reason = "The package cannot run on " + first + ", the first available of the execution providers " +
                           whose + ".",
                 .needed = "none of " + list_of(details.incompatible_providers),
                 .available = list_of(onnx.providers),
                 .option = option};
}

Verdict check_opset(const OnnxPackageDetails& details, const OnnxSituation& onnx, const BackendDescription& backend) {
  if (details.opset <= onnx.newest_opset) return std::nullopt;
  return Refusal{.reason = "The package's ONNX opset is too new for ONNX Runtime " + backend.runtime_version +
                           "; a newer ONNX Runtime reads it.",
                 .needed = "opset " + std::to_string(details.opset),
                 .available = "opset " + std::to_string(onnx.newest_opset)};
}

Verdict check_onnx(const PackageMetadata& package, const Context& context) {
  const BackendDescription& backend = *context.backend(package.backend);
  if (backend.execution_providers.empty()) {
    return Refusal{.reason = "ONNX Runtime has no execution provider here; install it anew."};
  }
  const auto* details = std::get_if<OnnxPackageDetails>(&package.details);
  if (details == nullptr) return Refusal{.reason = "The package does not say which ONNX opset it needs."};
  Verdict opset = check_opset(*details, context.onnx, backend);
  if (Verdict providers = check_providers(*details, context.onnx, opset ? std::string_view() : kProvidersOption)) {
    return providers;
  }
  return opset;
}

/// The kind of device that a TorchScript package would run on.
std::string_view device_type(const Context& context) {
  switch (context.request.device.kind) {
    case Device::Kind::cpu:
      return "cpu";
    case Device::Kind::cuda:
      return "cuda";
    case Device::Kind::mps:
      return "mps";
    case Device::Kind::unspecified:
      break;
  }
  return context.gpus.empty() ? "cpu" : "cuda";
}

Verdict check_torch_version(const Version& needed, const PackageMetadata& package, const Context& context) {
  if (context.torch_version && *context.torch_version >= needed) return std::nullopt;
  const std::string& version = context.backend(package.backend)->runtime_version;
  return Refusal{.reason = "The package needs a newer PyTorch than the one here; install that.",
                 .needed = needed.to_string() + " or later",
                 .available = version.empty() ? "unknown" : version};
}

Verdict check_torch_script(const PackageMetadata& package, const Context& context) {
  const auto* details = std::get_if<TorchScriptPackageDetails>(&package.details);
  const std::optional<Version> needed = details != nullptr ? Version::parse(details->torch_version) : std::nullopt;
  if (!needed) return Refusal{.reason = "The package does not say which devices and which PyTorch it needs."};
  Verdict version = check_torch_version(*needed, package, context);
  const std::string device(device_type(context));
  if (std::ranges::find(details->device_types, device) == details->device_types.end()) {
    return Refusal{.reason = "The TorchScript package was not made for the device type " + device + ".",
                   .needed = list_of(details->device_types),
                   .available = device,
                   .option = version ? std::string_view() : "session.device"};
  }
  return version;
}

}  // namespace

Verdict check_runtime(const PackageMetadata& package, const Context& context) {
  if (Verdict unavailable = check_available(package, context)) return unavailable;
  if (package.backend == "onnx") return check_onnx(package, context);
  if (package.backend == "trt") return check_trt(package, context);
  if (package.backend == "torch-script") return check_torch_script(package, context);
  return std::nullopt;
}

}  // namespace inference_exp::negotiation
