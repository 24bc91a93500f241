// Looks like an ONNX Runtime that is too old: it has no interface of the version that is asked for.
#include <onnxruntime_c_api.h>

namespace {

const OrtApi* ORT_API_CALL get_api(uint32_t) noexcept { return nullptr; }
const char* ORT_API_CALL get_version() noexcept { return "1.2.3"; }
constexpr OrtApiBase kBase{get_api, get_version};

}  // namespace

extern "C" __attribute__((visibility("default"))) const OrtApiBase* OrtGetApiBase() noexcept { return &kBase; }
