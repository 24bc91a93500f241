#include "cuda/driver.hpp"

#include <dlfcn.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "core/options.hpp"
#include "cuda/open_driver.hpp"

namespace inference_exp::cuda {

namespace {

template <typename Function>
void resolve(void* library, const std::string& file, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function != nullptr) return;
  throw Unavailable(file + ": it has no " + name + "; a driver for CUDA 11.4 or later is needed.");
}

void resolve_device_functions(void* library, const std::string& file, Driver& driver) {
  resolve(library, file, "cuInit", driver.init);
  resolve(library, file, "cuDriverGetVersion", driver.driver_get_version);
  resolve(library, file, "cuGetErrorName", driver.get_error_name);
  resolve(library, file, "cuGetErrorString", driver.get_error_string);
  resolve(library, file, "cuDeviceGetCount", driver.device_get_count);
  resolve(library, file, "cuDeviceGet", driver.device_get);
  resolve(library, file, "cuDeviceGetName", driver.device_get_name);
  resolve(library, file, "cuDeviceGetAttribute", driver.device_get_attribute);
  resolve(library, file, "cuDevicePrimaryCtxRetain", driver.primary_ctx_retain);
  resolve(library, file, "cuCtxPushCurrent_v2", driver.ctx_push_current);
  resolve(library, file, "cuCtxPopCurrent_v2", driver.ctx_pop_current);
}

void resolve_memory_functions(void* library, const std::string& file, Driver& driver) {
  resolve(library, file, "cuMemGetInfo_v2", driver.mem_get_info);
  resolve(library, file, "cuMemAlloc_v2", driver.mem_alloc);
  resolve(library, file, "cuMemFree_v2", driver.mem_free);
  resolve(library, file, "cuMemHostAlloc", driver.mem_host_alloc);
  resolve(library, file, "cuMemFreeHost", driver.mem_free_host);
  resolve(library, file, "cuMemcpyHtoDAsync_v2", driver.memcpy_htod_async);
  resolve(library, file, "cuMemcpyDtoHAsync_v2", driver.memcpy_dtoh_async);
  resolve(library, file, "cuMemcpyDtoDAsync_v2", driver.memcpy_dtod_async);
  resolve(library, file, "cuMemcpy2DAsync_v2", driver.memcpy_2d_async);
  resolve(library, file, "cuMemsetD8Async", driver.memset_d8_async);
}

void resolve_stream_functions(void* library, const std::string& file, Driver& driver) {
  resolve(library, file, "cuStreamCreate", driver.stream_create);
  resolve(library, file, "cuStreamDestroy_v2", driver.stream_destroy);
  resolve(library, file, "cuStreamSynchronize", driver.stream_synchronize);
  resolve(library, file, "cuStreamWaitEvent", driver.stream_wait_event);
  resolve(library, file, "cuStreamBeginCapture_v2", driver.stream_begin_capture);
  resolve(library, file, "cuStreamEndCapture", driver.stream_end_capture);
  resolve(library, file, "cuEventCreate", driver.event_create);
  resolve(library, file, "cuEventDestroy_v2", driver.event_destroy);
  resolve(library, file, "cuEventRecord", driver.event_record);
  resolve(library, file, "cuEventSynchronize", driver.event_synchronize);
  resolve(library, file, "cuEventElapsedTime", driver.event_elapsed_time);
}

void resolve_work_functions(void* library, const std::string& file, Driver& driver) {
  resolve(library, file, "cuGraphInstantiateWithFlags", driver.graph_instantiate);
  resolve(library, file, "cuGraphLaunch", driver.graph_launch);
  resolve(library, file, "cuGraphExecDestroy", driver.graph_exec_destroy);
  resolve(library, file, "cuGraphDestroy", driver.graph_destroy);
  resolve(library, file, "cuModuleLoadData", driver.module_load_data);
  resolve(library, file, "cuModuleUnload", driver.module_unload);
  resolve(library, file, "cuModuleGetFunction", driver.module_get_function);
  resolve(library, file, "cuLaunchKernel", driver.launch_kernel);
}

std::string text_of(const Driver& driver, Result result) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (driver.get_error_name(result, &name) != kSuccess || name == nullptr) return "error " + std::to_string(result);
  if (driver.get_error_string(result, &text) != kSuccess || text == nullptr) return name;
  return std::string(name) + ", " + text;
}

struct State {
  std::mutex mutex;
  std::optional<Driver> driver;
  std::atomic<const Driver*> opened{nullptr};  ///< `driver`, once it is there: most calls find it without the lock
};

/// Never destroyed: static objects of other libraries may hold device memory until the process ends.
State& state() {
  static State& instance = *std::make_unique<State>().release();
  return instance;
}

}  // namespace

Driver open_driver(const std::string& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw Unavailable("There is no NVIDIA driver: " + (reason != nullptr ? std::string(reason) : file) + ".");
  }
  Driver driver{};
  resolve_device_functions(library, file, driver);
  resolve_memory_functions(library, file, driver);
  resolve_stream_functions(library, file, driver);
  resolve_work_functions(library, file, driver);
  if (const Result result = driver.init(0); result != kSuccess) {
    throw Unavailable("The NVIDIA driver cannot be used: cuInit: " + text_of(driver, result) + ".");
  }
  return driver;
}

const Driver& driver() {
  State& shared = state();
  if (const Driver* opened = shared.opened.load(std::memory_order_acquire); opened != nullptr) return *opened;
  const std::scoped_lock lock(shared.mutex);
  if (!shared.driver) {
    const std::string named = options().cuda_driver.string();
    shared.driver = open_driver(named.empty() ? "libcuda.so.1" : named);
    shared.opened.store(&*shared.driver, std::memory_order_release);
  }
  return *shared.driver;
}

void check(Result result, const char* call) {
  if (result == kSuccess) return;
  throw Error(result, std::string(call) + ": " + text_of(driver(), result) + ".");
}

int device_count() noexcept {
  try {
    int count = 0;
    return driver().device_get_count(&count) == kSuccess ? count : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace inference_exp::cuda
