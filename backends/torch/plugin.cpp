// What the table of backend.h needs to know of LibTorch.
#include <memory>
#include <string>

#include "common/table.hpp"
#include "inference_exp/backend.h"
#include "runtime.hpp"
#include "session.hpp"

namespace inference_exp::torch_backend {

namespace {

struct TorchPlugin {
  static constexpr const char* kName = "torch";

  static void probe(iexp_key_value_sink sink, void* user) {
    if (sink == nullptr) return;
    sink(user, "version", libtorch_version().c_str());
    sink(user, "path", libtorch_path().c_str());
    sink(user, "math_library", blas_name().c_str());
    sink(user, "device", "cpu");
    for (int i = 0; i < cuda_device_count(); ++i) sink(user, "device", ("cuda:" + std::to_string(i)).c_str());
  }

  static std::unique_ptr<iexp_session> open(const iexp_open_request& request) { return open_session(request); }

  static void report_metadata(const iexp_session& session, iexp_key_value_sink sink, void* user) {
    for (const auto& [key, value] : session.network->metadata()) sink(user, key.c_str(), value.c_str());
    sink(user, "runtime.device", session.placement.str().c_str());
  }
};

constexpr const iexp_backend& kTable = backend::kBackendTable<TorchPlugin, iexp_session, iexp_request>;

}  // namespace

}  // namespace inference_exp::torch_backend

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(
    std::uint32_t host_abi_version) {
  return host_abi_version == INFERENCE_EXP_BACKEND_ABI_VERSION ? &inference_exp::torch_backend::kTable : nullptr;
}
