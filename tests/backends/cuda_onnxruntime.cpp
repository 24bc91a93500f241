// Stands in for an ONNX Runtime with CUDA and TensorRT: the real one, except that both providers seem to be there, do
// nothing, and that "device" memory is the host's. What it was told can be read: stand_in_record().
#include <dlfcn.h>
#include <onnxruntime_c_api.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// The opaque types of the interface are the library's own to define.
struct OrtCUDAProviderOptionsV2 {
  std::string text;
};
struct OrtTensorRTProviderOptionsV2 {
  std::string text;
};

namespace {

const OrtApi* real = nullptr;
std::string record;

OrtStatusPtr ORT_API_CALL get_available_providers(char*** names, int* count) noexcept {
  static std::array<std::string, 3> texts{"TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"};
  static std::array<char*, 3> pointers{texts[0].data(), texts[1].data(), texts[2].data()};
  *names = pointers.data();
  *count = static_cast<int>(pointers.size());
  return nullptr;
}
OrtStatusPtr ORT_API_CALL release_available_providers(char**, int) noexcept { return nullptr; }

template <typename Options>
OrtStatusPtr ORT_API_CALL create_options(Options** options) noexcept {
  *options = std::make_unique<Options>().release();
  return nullptr;
}
template <typename Options>
void ORT_API_CALL release_options(Options* options) noexcept {
  const std::unique_ptr<Options> owned(options);
}
template <typename Options>
OrtStatusPtr ORT_API_CALL update_options(Options* options, const char* const* keys, const char* const* values,
                                         size_t count) noexcept {
  // As in the real one: a stream that comes as text leaves no more than the word that there is one.
  for (size_t i = 0; i < count; ++i) options->text += std::string(" ") + keys[i] + "=" + values[i];
  return nullptr;
}
template <typename Options>
OrtStatusPtr ORT_API_CALL update_option_with_value(Options* options, const char* key, void* value) noexcept {
  options->text += std::string(" ") + key + "->" + std::to_string(reinterpret_cast<std::uintptr_t>(value));
  return nullptr;
}
template <typename Options>
OrtStatusPtr ORT_API_CALL append_provider(OrtSessionOptions*, const Options* options) noexcept {
  record += (std::is_same_v<Options, OrtCUDAProviderOptionsV2> ? "cuda" : "tensorrt") + options->text + "\n";
  return nullptr;
}

OrtStatusPtr ORT_API_CALL create_memory_info(const char* name, OrtAllocatorType type, int id, OrtMemType memory,
                                             OrtMemoryInfo** out) noexcept {
  if (std::string_view(name) != "Cuda") return real->CreateMemoryInfo(name, type, id, memory, out);
  record += "memory of cuda:" + std::to_string(id) + "\n";
  return real->CreateCpuMemoryInfo(type, memory, out);
}

OrtStatusPtr ORT_API_CALL add_run_config_entry(OrtRunOptions* options, const char* key, const char* value) noexcept {
  record += std::string(key) + "=" + value + "\n";
  return real->AddRunConfigEntry(options, key, value);
}

const OrtApiBase* real_base() {
  void* library = dlopen(REAL_ONNXRUNTIME, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = dlopen("libonnxruntime.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  return reinterpret_cast<const OrtApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
}

const OrtApi* ORT_API_CALL get_api(uint32_t version) noexcept {
  static OrtApi patched{};
  real = real_base()->GetApi(version);
  if (real == nullptr) return nullptr;
  patched = *real;
  patched.GetAvailableProviders = get_available_providers;
  patched.ReleaseAvailableProviders = release_available_providers;
  patched.CreateCUDAProviderOptions = create_options<OrtCUDAProviderOptionsV2>;
  patched.UpdateCUDAProviderOptions = update_options<OrtCUDAProviderOptionsV2>;
  patched.UpdateCUDAProviderOptionsWithValue = update_option_with_value<OrtCUDAProviderOptionsV2>;
  patched.ReleaseCUDAProviderOptions = release_options<OrtCUDAProviderOptionsV2>;
  patched.SessionOptionsAppendExecutionProvider_CUDA_V2 = append_provider<OrtCUDAProviderOptionsV2>;
  patched.CreateTensorRTProviderOptions = create_options<OrtTensorRTProviderOptionsV2>;
  patched.UpdateTensorRTProviderOptions = update_options<OrtTensorRTProviderOptionsV2>;
  patched.UpdateTensorRTProviderOptionsWithValue = update_option_with_value<OrtTensorRTProviderOptionsV2>;
  patched.ReleaseTensorRTProviderOptions = release_options<OrtTensorRTProviderOptionsV2>;
  patched.SessionOptionsAppendExecutionProvider_TensorRT_V2 = append_provider<OrtTensorRTProviderOptionsV2>;
  patched.CreateMemoryInfo = create_memory_info;
  patched.AddRunConfigEntry = add_run_config_entry;
  return &patched;
}
const char* ORT_API_CALL get_version() noexcept { return real_base()->GetVersionString(); }
constexpr OrtApiBase kBase{get_api, get_version};

}  // namespace

extern "C" __attribute__((visibility("default"))) const OrtApiBase* OrtGetApiBase() noexcept {
  return real_base() != nullptr ? &kBase : nullptr;
}

/// Lines since it was last asked.
extern "C" __attribute__((visibility("default"))) void stand_in_record(std::string& text) {
  text = std::exchange(record, {});
}
