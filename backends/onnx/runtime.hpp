// ONNX Runtime itself: found, opened and asked for its interface while the program runs.
#pragma once

#define ORT_API_MANUAL_INIT  // the interface comes from the library that is opened, not from one that is linked
#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::onnx {

/// The oldest interface with everything that this plug-in calls; asking for no more lets older runtimes serve.
inline constexpr std::uint32_t kRequiredApi = 17;

struct Runtime {
  std::string version;
  std::string path;
  Ort::Env env{nullptr};
  /// Compiled in; of a provider with a library of its own that says nothing about that library's presence.
  std::vector<std::string> compiled_providers;
};

/// Opens the runtime at the first call that finds one; lives as long as the process. Thread-safe. Throws
/// IEXP_ERROR_MISSING_DEPENDENCY with every place that was tried and why it would not do.
[[nodiscard]] Runtime& runtime();

/// Whether a session can be given this provider, its own library included. Remembered, since asking opens that library.
[[nodiscard]] bool provider_usable(std::string_view name);

/// All usable providers, in ONNX Runtime's order.
[[nodiscard]] std::vector<std::string> usable_providers();

}  // namespace inference_exp::onnx
