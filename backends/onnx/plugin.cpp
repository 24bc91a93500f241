// What the table of backend.h needs to know of ONNX Runtime.
#include <memory>
#include <string>

#include "common/table.hpp"
#include "cuda/driver.hpp"
#include "inference_exp/backend.h"
#include "providers.hpp"
#include "request.hpp"
#include "runtime.hpp"
#include "session.hpp"

namespace inference_exp::onnx {

namespace {

struct OnnxPlugin {
  static constexpr const char* kName = "onnx";

  static void probe(iexp_key_value_sink sink, void* user) {
    const Runtime& found = runtime();
    if (sink == nullptr) return;
    sink(user, "version", found.version.c_str());
    sink(user, "path", found.path.c_str());
    for (const std::string& provider : usable_providers()) sink(user, "execution_provider", provider.c_str());
    sink(user, "device", "cpu");
    const int cuda_devices = provider_usable(kCudaProvider) ? cuda::device_count() : 0;
    for (int i = 0; i < cuda_devices; ++i) sink(user, "device", ("cuda:" + std::to_string(i)).c_str());
  }

  static std::unique_ptr<iexp_session> open(const iexp_open_request& request) {
    static_cast<void>(runtime());  // a missing runtime is a better answer than a missing file
    return open_session(request);
  }

  static void report_metadata(const iexp_session& session, iexp_key_value_sink sink, void* user) {
    for (const auto& [key, value] : session.metadata) sink(user, key.c_str(), value.c_str());
    for (const std::string& provider : session.providers) sink(user, "runtime.execution_provider", provider.c_str());
  }
};

constexpr const iexp_backend& kTable = backend::kBackendTable<OnnxPlugin, iexp_session, iexp_request>;

}  // namespace

}  // namespace inference_exp::onnx

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(
    std::uint32_t host_abi_version) {
  return host_abi_version == INFERENCE_EXP_BACKEND_ABI_VERSION ? &inference_exp::onnx::kTable : nullptr;
}
