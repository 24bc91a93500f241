#include "negotiation/context.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

namespace inference_exp::negotiation {

namespace {

constexpr std::string_view kCpuProvider = "CPUExecutionProvider";
constexpr std::string_view kCudaProvider = "CUDAExecutionProvider";
constexpr std::string_view kCoreMlProvider = "CoreMLExecutionProvider";
constexpr std::array kDefaultProviders{kCudaProvider, std::string_view("OpenVINOExecutionProvider"), kCoreMlProvider,
                                       kCpuProvider};

std::optional<Version> parse(const std::optional<std::string>& text) {
  return text ? Version::parse(*text) : std::nullopt;
}

/// A device that the caller names takes its own provider alone, as the plug-in does.
std::vector<std::string> default_providers(Device::Kind device, const NegotiationInputs& inputs) {
  switch (device) {
    case Device::Kind::cpu:
      return {std::string(kCpuProvider)};
    case Device::Kind::cuda:
      return {std::string(kCudaProvider)};
    case Device::Kind::mps:
      return {std::string(kCoreMlProvider)};
    case Device::Kind::unspecified:
      break;
  }
  if (!inputs.onnx_execution_providers.empty()) return inputs.onnx_execution_providers;
  return {kDefaultProviders.begin(), kDefaultProviders.end()};
}

OnnxSituation onnx_situation(const BackendDescription* onnx, const SessionOptions& session, Device::Kind device,
                             const NegotiationInputs& inputs) {
  OnnxSituation situation;
  situation.chosen_by_caller = !session.execution_providers.empty();
  if (situation.chosen_by_caller) {
    std::ranges::transform(session.execution_providers, std::back_inserter(situation.wanted_providers),
                           &ExecutionProvider::name);
  } else {
    situation.wanted_providers = default_providers(device, inputs);
  }
  if (onnx == nullptr) return situation;
  std::ranges::copy_if(situation.wanted_providers, std::back_inserter(situation.providers),
                       [&](const std::string& name) {
                         return std::ranges::find(onnx->execution_providers, name) != onnx->execution_providers.end();
                       });
  situation.newest_opset = newest_opset(Version::parse(onnx->runtime_version));
  return situation;
}

/// All GPUs where no device is named; of "cuda" without a number the first; none of other devices.
std::vector<const GpuDescription*> usable_gpus(const Device& device, const std::vector<GpuDescription>& gpus) {
  std::vector<const GpuDescription*> usable;
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const bool chosen = device.kind == Device::Kind::unspecified ||
                        (device.kind == Device::Kind::cuda && i == device.index.value_or(0));
    if (chosen) usable.push_back(&gpus[i]);
  }
  return usable;
}

}  // namespace

Context::Context(const ModelMetadata& model, const LoadOptions& options, const EnvironmentDescription& environment,
                 std::span<const Implementation> implementations, const NegotiationInputs& inputs)
    : model(model),
      options(options),
      environment(environment),
      implementations(implementations),
      request(check_request(options, environment)),
      gpus(usable_gpus(request.device, environment.machine.gpus)),
      onnx(onnx_situation(backend("onnx"), options.session, request.device.kind, inputs)),
      trt_version(parse(environment.machine.trt_version)),
      l4t_version(parse(environment.machine.l4t_version)),
      driver_version(parse(environment.machine.driver_version)) {
  if (const BackendDescription* torch = backend("torch")) torch_version = Version::parse(torch->runtime_version);
  if (const BackendDescription* trt = backend("trt"); trt != nullptr && !trt_version) {
    trt_version = Version::parse(trt->runtime_version);
  }
}

const BackendDescription* Context::backend(std::string_view backend) const {
  if (backend == "torch-script") backend = "torch";
  const auto found = std::ranges::find(environment.backends, backend, &BackendDescription::name);
  return found != environment.backends.end() ? &*found : nullptr;
}

std::int32_t newest_opset(const std::optional<Version>& onnxruntime) {
  constexpr std::uint64_t kFirstMinor = 15;
  constexpr std::array<std::int32_t, 8> kOpsets{19, 19, 20, 21, 21, 21, 22, 23};  // of 1.15 to 1.22
  if (!onnxruntime || onnxruntime->major() < 1) return kOpsets.front();
  if (onnxruntime->major() > 1) return std::numeric_limits<std::int32_t>::max();
  const std::uint64_t row = std::max(onnxruntime->minor(), kFirstMinor) - kFirstMinor;
  if (row < kOpsets.size()) return kOpsets[row];
  constexpr std::uint64_t kEnough = 1000;
  return kOpsets.back() + static_cast<std::int32_t>(std::min(row - (kOpsets.size() - 1), kEnough));
}

}  // namespace inference_exp::negotiation
