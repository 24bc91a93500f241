// What the table of backend.h needs to know of TensorRT.
#include <memory>
#include <string>

#include "common/table.hpp"
#include "cuda_errors.hpp"
#include "engine_build.hpp"
#include "inference_exp/backend.h"
#include "open_options.hpp"
#include "request.hpp"
#include "session.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

namespace {

struct TensorRtPlugin {
  static constexpr const char* kName = "trt";

  static void probe(iexp_key_value_sink sink, void* user) {
    const Library& found = library();
    with_cuda_errors([] { require_device(0); });
    if (sink == nullptr) return;
    sink(user, "version", found.version().c_str());
    sink(user, "path", found.path().c_str());
    const int devices = cuda::device_count();
    for (int i = 0; i < devices; ++i) sink(user, "device", ("cuda:" + std::to_string(i)).c_str());
  }

  static std::unique_ptr<iexp_session> open(const iexp_open_request& request) { return open_session(request); }

  static void report_metadata(const iexp_session& session, iexp_key_value_sink sink, void* user) {
    for (const auto& [key, value] : session.metadata) sink(user, key.c_str(), value.c_str());
  }

  static void compile(const iexp_compile_request& request) { compile_engine(request); }
};

constexpr const iexp_backend& kTable = backend::kBackendTable<TensorRtPlugin, iexp_session, iexp_request>;

}  // namespace

}  // namespace inference_exp::tensorrt

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(
    std::uint32_t host_abi_version) {
  return host_abi_version == INFERENCE_EXP_BACKEND_ABI_VERSION ? &inference_exp::tensorrt::kTable : nullptr;
}
