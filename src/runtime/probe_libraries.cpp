#include "runtime/probe_libraries.hpp"

#include <dlfcn.h>

#include <array>

namespace inference_exp::runtime {

namespace {

// Of the driver's interface, which has not changed since CUDA 5.
constexpr int kSuccess = 0;
constexpr int kErrorNoDevice = 100;
constexpr int kAttributeCcMajor = 75;
constexpr int kAttributeCcMinor = 76;

using CudaInit = int(unsigned flags);
using CudaCount = int(int* count);
using CudaGet = int(int* device, int ordinal);
using CudaName = int(char* name, int size, int device);
using CudaAttribute = int(int* value, int attribute, int device);
using CudaVersion = int(int* version);
using TrtVersion = std::int32_t();

/// The first of `names` that opens; null where none does. Left open: NVIDIA's libraries keep threads.
void* open_first(LibraryNames names) {
  for (const char* name : names) {
    if (void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL); library != nullptr) return library;
  }
  return nullptr;
}

template <typename Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

std::optional<std::int32_t> ask_version(void* library, const char* name) {
  auto* const get = symbol<CudaVersion>(library, name);
  int version = 0;
  if (get == nullptr || get(&version) != kSuccess || version <= 0) return std::nullopt;
  return version;
}

std::optional<std::int32_t> ask_trt(void* library, const char* name) {
  auto* const get = symbol<TrtVersion>(library, name);
  if (get == nullptr) return std::nullopt;
  return get();
}

struct DeviceQueries {
  CudaCount* count;
  CudaGet* get;
  CudaName* name;
  CudaAttribute* attribute;

  explicit DeviceQueries(void* library)
      : count(symbol<CudaCount>(library, "cuDeviceGetCount")),
        get(symbol<CudaGet>(library, "cuDeviceGet")),
        name(symbol<CudaName>(library, "cuDeviceGetName")),
        attribute(symbol<CudaAttribute>(library, "cuDeviceGetAttribute")) {}

  [[nodiscard]] bool complete() const {
    return count != nullptr && get != nullptr && name != nullptr && attribute != nullptr;
  }
};

CudaDevice describe(const DeviceQueries& queries, int ordinal) {
  CudaDevice result;
  int device = 0;
  if (queries.get(&device, ordinal) != kSuccess) return result;
  std::array<char, 256> name{};
  if (queries.name(name.data(), static_cast<int>(name.size()) - 1, device) == kSuccess) result.name = name.data();
  queries.attribute(&result.cc_major, kAttributeCcMajor, device);
  queries.attribute(&result.cc_minor, kAttributeCcMinor, device);
  return result;
}

}  // namespace

std::optional<CudaDriver> ask_cuda_driver(LibraryNames names) {
  void* library = open_first(names);
  if (library == nullptr) return std::nullopt;
  CudaDriver driver;
  driver.version = ask_version(library, "cuDriverGetVersion");
  auto* const init = symbol<CudaInit>(library, "cuInit");
  const DeviceQueries queries(library);
  if (init == nullptr || !queries.complete()) return driver;
  if (const int error = init(0); error != kSuccess) {
    if (error != kErrorNoDevice) driver.error = error;
    return driver;
  }
  int count = 0;
  if (queries.count(&count) != kSuccess) return driver;
  for (int ordinal = 0; ordinal < count; ++ordinal) driver.devices.push_back(describe(queries, ordinal));
  return driver;
}

std::optional<std::int32_t> ask_cuda_runtime(LibraryNames names) {
  void* library = open_first(names);
  if (library == nullptr) return std::nullopt;
  return ask_version(library, "cudaRuntimeGetVersion");
}

std::optional<TensorRtLibrary> ask_tensorrt(LibraryNames names) {
  void* library = open_first(names);
  if (library == nullptr) return std::nullopt;
  return TensorRtLibrary{.version = ask_trt(library, "getInferLibVersion"),
                         .build = ask_trt(library, "getInferLibBuildVersion")};
}

}  // namespace inference_exp::runtime
