#include "providers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "common/failure.hpp"
#include "core/options.hpp"

namespace inference_exp::onnx {

using backend::Failure;

namespace {

constexpr std::array<std::string_view, 4> kDefaultPreference{kCudaProvider, "OpenVINOExecutionProvider",
                                                             "CoreMLExecutionProvider", kCpuProvider};

struct Device {
  bool cpu = false;
  bool cuda = false;
  std::optional<int> index;
};

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::move(message), std::move(hint));
}

Device parse_device(const char* text) {
  const std::string_view name = text != nullptr ? text : "";
  if (name.empty()) return {};
  if (name == "cpu") return {.cpu = true, .cuda = false, .index = {}};
  if (name == "cuda") return {.cpu = false, .cuda = true, .index = {}};
  constexpr std::string_view kIndexed = "cuda:";
  if (name.starts_with(kIndexed)) {
    const std::string_view digits = name.substr(kIndexed.size());
    int index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error == std::errc() && end == digits.data() + digits.size() && index >= 0) {
      return {.cpu = false, .cuda = true, .index = index};
    }
  }
  refuse("The device \"" + std::string(name) + "\" is not one that the onnx backend knows.",
         R"(Use "cpu", "cuda" or "cuda:<number>", or leave it empty.)");
}

std::string usable_list() {
  std::string text;
  for (const std::string& name : usable_providers()) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void require_usable(std::string_view name) {
  if (provider_usable(name)) return;
  const std::vector<std::string>& compiled = runtime().compiled_providers;
  const bool known = std::ranges::find(compiled, name) != compiled.end();
  throw Failure(IEXP_ERROR_ENVIRONMENT,
                "The execution provider \"" + std::string(name) + "\" is not available" +
                    (known ? ": ONNX Runtime " + runtime().version +
                                 " knows it, but its library or what that needs is not installed."
                           : " in ONNX Runtime " + runtime().version + "."),
                "Available here: " + usable_list() + ".");
}

std::vector<Provider> asked_providers(const iexp_open_request& request) {
  std::vector<Provider> providers;
  for (const iexp_execution_provider& asked :
       std::span(request.execution_providers, request.execution_provider_count)) {
    Provider provider{.name = asked.name != nullptr ? asked.name : "", .options = {}};
    if (std::ranges::find(providers, provider.name, &Provider::name) != providers.end()) {
      refuse("The execution provider \"" + provider.name + "\" is named twice.", "Name each provider once.");
    }
    require_usable(provider.name);
    for (const iexp_key_value& option : std::span(asked.options, asked.option_count)) {
      if (option.key == nullptr || option.value == nullptr) refuse("A provider option is NULL.", "");
      provider.options.emplace_back(option.key, option.value);
    }
    if (provider.name == kCpuProvider && !provider.options.empty()) {
      refuse("CPUExecutionProvider has no option \"" + provider.options.front().first + "\".",
             "Set the thread counts in the session options instead.");
    }
    providers.push_back(std::move(provider));
  }
  return providers;
}

void set_device_index(std::vector<Provider>& providers, int index) {
  const std::string text = std::to_string(index);
  for (Provider& provider : providers) {
    if (!runs_on_cuda(provider)) continue;
    const auto option = std::ranges::find(provider.options, "device_id", [](const auto& pair) { return pair.first; });
    if (option == provider.options.end()) {
      provider.options.emplace_back("device_id", text);
    } else if (option->second != text) {
      refuse(
          "The device cuda:" + text + " contradicts " + provider.name + "'s option device_id=" + option->second + ".",
          "Set one of the two.");
    }
  }
}

void match_device(std::vector<Provider>& providers, const Device& device) {
  const auto not_cpu = [](const Provider& provider) { return provider.name != kCpuProvider; };
  if (device.cpu && std::ranges::any_of(providers, not_cpu)) {
    refuse(R"(The device "cpu" contradicts the execution provider ")" + std::ranges::find_if(providers, not_cpu)->name +
               "\".",
           "Leave the device empty, or name CPUExecutionProvider alone.");
  }
  if (device.cuda && std::ranges::none_of(providers, runs_on_cuda)) {
    refuse("The device \"cuda\" contradicts the execution providers, none of which runs on CUDA.",
           "Add CUDAExecutionProvider, or leave the device empty.");
  }
  if (device.index) set_device_index(providers, *device.index);
}

std::vector<Provider> preferred_providers() {
  const std::vector<std::string>& named = options().onnx_execution_providers;
  std::vector<Provider> providers;
  const auto add_usable = [&providers](std::string_view name) {
    if (provider_usable(name)) providers.push_back({.name = std::string(name), .options = {}});
  };
  if (named.empty()) {
    std::ranges::for_each(kDefaultPreference, add_usable);
  } else {
    std::ranges::for_each(named, add_usable);
  }
  if (providers.empty()) {
    throw Failure(IEXP_ERROR_ENVIRONMENT,
                  "None of the execution providers in ONNXRUNTIME_EXECUTION_PROVIDERS is available.",
                  "Available here: " + usable_list() + ".");
  }
  return providers;
}

/// The name by which OrtApi's general function knows a provider without a function of its own.
std::string general_name(std::string_view name) {
  if (name == "XnnpackExecutionProvider") return "XNNPACK";
  if (name == kWebGpuProvider) return "WebGPU";
  constexpr std::string_view kSuffix = "ExecutionProvider";
  if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  return std::string(name);
}

/// Keys and values as the C interface takes them.
struct OptionTexts {
  explicit OptionTexts(const Provider& provider) {
    for (const auto& [key, value] : provider.options) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
  }
  std::vector<const char*> keys;
  std::vector<const char*> values;
};

void append_cuda(Ort::SessionOptions& session_options, const Provider& provider) {
  const OptionTexts texts(provider);
  const OrtApi& api = Ort::GetApi();
  OrtCUDAProviderOptionsV2* raw = nullptr;
  Ort::ThrowOnError(api.CreateCUDAProviderOptions(&raw));
  const std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(api.ReleaseCUDAProviderOptions)> owned(
      raw, api.ReleaseCUDAProviderOptions);
  Ort::ThrowOnError(api.UpdateCUDAProviderOptions(raw, texts.keys.data(), texts.values.data(), texts.keys.size()));
  // After the texts, which would reset it.
  if (provider.stream) {
    Ort::ThrowOnError(api.UpdateCUDAProviderOptionsWithValue(raw, "user_compute_stream", *provider.stream));
  }
  session_options.AppendExecutionProvider_CUDA_V2(*raw);
}

void append_tensorrt(Ort::SessionOptions& session_options, const Provider& provider) {
  const OptionTexts texts(provider);
  const OrtApi& api = Ort::GetApi();
  OrtTensorRTProviderOptionsV2* raw = nullptr;
  Ort::ThrowOnError(api.CreateTensorRTProviderOptions(&raw));
  const std::unique_ptr<OrtTensorRTProviderOptionsV2, decltype(api.ReleaseTensorRTProviderOptions)> owned(
      raw, api.ReleaseTensorRTProviderOptions);
  Ort::ThrowOnError(api.UpdateTensorRTProviderOptions(raw, texts.keys.data(), texts.values.data(), texts.keys.size()));
  if (provider.stream) {
    Ort::ThrowOnError(api.UpdateTensorRTProviderOptionsWithValue(raw, "user_compute_stream", *provider.stream));
  }
  session_options.AppendExecutionProvider_TensorRT_V2(*raw);
}

}  // namespace

ProviderPlan plan_providers(const iexp_open_request& request) {
  const Device device = parse_device(request.device);
  if (request.execution_provider_count > 0 && request.execution_providers == nullptr) {
    refuse("The list of execution providers is NULL.", "");
  }
  if (request.execution_provider_count > 0) {
    ProviderPlan plan{.providers = asked_providers(request), .asked_for = true};
    match_device(plan.providers, device);
    return plan;
  }
  if (device.cpu) return {.providers = {{.name = std::string(kCpuProvider), .options = {}}}, .asked_for = true};
  if (device.cuda) {
    require_usable(kCudaProvider);
    ProviderPlan plan{.providers = {{.name = std::string(kCudaProvider), .options = {}}}, .asked_for = true};
    match_device(plan.providers, device);
    return plan;
  }
  return {.providers = preferred_providers(), .asked_for = false};
}

void append_provider(Ort::SessionOptions& session_options, const Provider& provider) {
  if (provider.name == kCpuProvider) return;  // always there, after all others
  if (provider.name == kCudaProvider) return append_cuda(session_options, provider);
  if (provider.name == kTensorRtProvider) return append_tensorrt(session_options, provider);
  const std::unordered_map<std::string, std::string> options(provider.options.begin(), provider.options.end());
  session_options.AppendExecutionProvider(general_name(provider.name), options);
}

}  // namespace inference_exp::onnx
