// Stands for the libraries of CUDA and TensorRT; built once per behaviour.
#include <cstdint>
#include <cstring>

#define GPU_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

enum class Behaviour { two_gpus, no_gpu, broken };
constexpr Behaviour kBehaviour = Behaviour::STAND_IN;
bool started = false;

struct Gpu {
  const char* name;
  int major;
  int minor;
};
constexpr Gpu kGpus[] = {{"Tesla T4", 7, 5}, {"NVIDIA L4", 8, 9}};
constexpr int kInvalidValue = 1;
constexpr int kNotInitialized = 3;

int start_error() {
  if (kBehaviour == Behaviour::no_gpu) return 100;
  return kBehaviour == Behaviour::broken ? 999 : 0;
}

}  // namespace

// The names are NVIDIA's.
// NOLINTBEGIN(readability-identifier-naming)
GPU_EXPORT int cuInit(unsigned flags) {
  started = flags == 0 && start_error() == 0;
  return start_error();
}

GPU_EXPORT int cuDriverGetVersion(int* version) {
  *version = 12040;
  return 0;
}

GPU_EXPORT int cuDeviceGetCount(int* count) {
  if (!started) return kNotInitialized;
  *count = 2;
  return 0;
}

GPU_EXPORT int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal + 10;  // a handle, not the ordinal
  return 0;
}

GPU_EXPORT int cuDeviceGetName(char* name, int size, int device) {
  if (device < 10) return kInvalidValue;
  std::strncpy(name, kGpus[device - 10].name, static_cast<std::size_t>(size));
  return 0;
}

GPU_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
  if (device < 10 || (attribute != 75 && attribute != 76)) return kInvalidValue;
  *value = attribute == 75 ? kGpus[device - 10].major : kGpus[device - 10].minor;
  return 0;
}

GPU_EXPORT int cudaRuntimeGetVersion(int* version) {
  *version = 12020;
  return kBehaviour == Behaviour::broken ? 35 : 0;
}

GPU_EXPORT std::int32_t getInferLibVersion() { return 100300; }
GPU_EXPORT std::int32_t getInferLibBuildVersion() { return 30; }
// NOLINTEND(readability-identifier-naming)
