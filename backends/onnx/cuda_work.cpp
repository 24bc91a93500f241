#include "cuda_work.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "common/failure.hpp"

namespace inference_exp::onnx {

using backend::Failure;

namespace {

constexpr std::string_view kStreamOption = "user_compute_stream";

const std::string* option_of(const Provider& provider, std::string_view key) {
  const auto found = std::ranges::find(provider.options, key, [](const auto& pair) { return pair.first; });
  return found != provider.options.end() ? &found->second : nullptr;
}

template <typename Number>
Number number_of(const Provider& provider, std::string_view key, Number otherwise) {
  const std::string* text = option_of(provider, key);
  if (text == nullptr) return otherwise;
  Number number = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc() && rest == end) return number;
  throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                provider.name + "'s option " + std::string(key) + "=" + *text + " is not a number.",
                "Give it in decimal digits.");
}

int device_of(const Provider& provider) { return number_of<int>(provider, "device_id", 0); }

/// The stream that the caller named for any provider of this device.
const Provider* with_stream(const std::vector<Provider>& providers, int device) {
  const auto found = std::ranges::find_if(providers, [device](const Provider& provider) {
    return runs_on_cuda(provider) && device_of(provider) == device && option_of(provider, kStreamOption) != nullptr;
  });
  return found != providers.end() ? &*found : nullptr;
}

cuda::StreamHandle stream_of(const Provider& provider) {
  const auto address = number_of<std::uintptr_t>(provider, kStreamOption, 0);
  return reinterpret_cast<cuda::StreamHandle>(address);  // NOLINT(performance-no-int-to-ptr): it came as text
}

/// A replayed graph reads and writes where the recorded run did; requests bring their own memory.
void refuse_graphs(const Provider& provider) {
  for (const std::string_view key : {"enable_cuda_graph", "trt_cuda_graph_enable"}) {
    const std::string* value = option_of(provider, key);
    if (value == nullptr || *value == "0" || *value == "false" || *value == "False") continue;
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  provider.name + "'s option " + std::string(key) + " cannot be used: inputs and outputs move.",
                  "Leave it out; TensorRT packages can be replayed (SessionOptions::cuda_graphs).");
  }
}

}  // namespace

bool runs_on_cuda(const Provider& provider) {
  return provider.name == kCudaProvider || provider.name == kTensorRtProvider;
}

std::optional<CudaWork> share_stream(std::vector<Provider>& providers) {
  if (providers.empty() || !runs_on_cuda(providers.front())) return std::nullopt;
  std::ranges::for_each(providers, refuse_graphs);
  CudaWork work{
      .device = device_of(providers.front()), .own = {}, .stream = nullptr, .queueing = std::make_unique<std::mutex>()};
  const cuda::Context& context = cuda::Context::of_device(work.device);
  if (const Provider* named = with_stream(providers, work.device)) {
    work.stream = stream_of(*named);
  } else {
    work.own.emplace(context);
    work.stream = work.own->handle();
  }
  for (Provider& provider : providers) {
    if (!runs_on_cuda(provider)) continue;
    const bool named = option_of(provider, kStreamOption) != nullptr;
    if (named) provider.stream = stream_of(provider);
    if (!named && device_of(provider) == work.device) provider.stream = work.stream;
    std::erase_if(provider.options, [](const auto& option) { return option.first == kStreamOption; });
  }
  return work;
}

}  // namespace inference_exp::onnx
