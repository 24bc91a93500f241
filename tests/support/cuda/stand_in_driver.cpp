// The entry points of the stand-in driver, under the driver's own names. NOLINTBEGIN(readability-identifier-naming)
#include "support/cuda/stand_in_driver.hpp"

#include <cstring>

#include "support/cuda/stand_in_machine.hpp"

using inference_exp::cuda::ContextHandle;
using inference_exp::cuda::Copy2D;
using inference_exp::cuda::DevicePointer;
using inference_exp::cuda::EventHandle;
using inference_exp::cuda::FunctionHandle;
using inference_exp::cuda::GraphExecHandle;
using inference_exp::cuda::GraphHandle;
using inference_exp::cuda::kInvalidValue;
using inference_exp::cuda::kMemoryTypeDevice;
using inference_exp::cuda::kMemoryTypeHost;
using inference_exp::cuda::ModuleHandle;
using inference_exp::cuda::StreamHandle;
using inference_exp::test::driver_call;
using inference_exp::test::HostLaunch;
using inference_exp::test::kIllegalAddress;
using inference_exp::test::Machine;
using inference_exp::test::Needs;
using inference_exp::test::StandInDriver;

namespace {

struct ErrorText {
  int code;
  const char* name;
  const char* text;
};

constexpr ErrorText kErrors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
};

const ErrorText* find_error(int code) {
  for (const ErrorText& error : kErrors) {
    if (error.code == code) return &error;
  }
  return nullptr;
}

/// One side of a copy of rows: where its first byte lies, and how far its last one is from there.
struct Rows {
  bool on_device;
  DevicePointer device;
  const void* host;
  std::size_t pitch;

  [[nodiscard]] std::size_t span(const Copy2D& copy) const { return (copy.height - 1) * pitch + copy.width_bytes; }
};

Rows source_of(const Copy2D& copy) {
  const std::size_t offset = copy.src_y * copy.src_pitch + copy.src_x_bytes;
  return {.on_device = copy.src_memory_type == kMemoryTypeDevice,
          .device = copy.src_device + offset,
          .host = static_cast<const std::byte*>(copy.src_host) + offset,
          .pitch = copy.src_pitch};
}

Rows target_of(const Copy2D& copy) {
  const std::size_t offset = copy.dst_y * copy.dst_pitch + copy.dst_x_bytes;
  return {.on_device = copy.dst_memory_type == kMemoryTypeDevice,
          .device = copy.dst_device + offset,
          .host = static_cast<std::byte*>(copy.dst_host) + offset,
          .pitch = copy.dst_pitch};
}

bool usable(Machine& machine, const Rows& rows, const Copy2D& copy) {
  if (rows.pitch < copy.width_bytes) return false;
  return rows.on_device ? machine.device_memory(rows.device, rows.span(copy)) != nullptr : Machine::is_host(rows.host);
}

bool known_type(int type) { return type == kMemoryTypeHost || type == kMemoryTypeDevice; }

int copy_rows(Machine& machine, const Copy2D& copy, StreamHandle stream) {
  if (!known_type(copy.src_memory_type) || !known_type(copy.dst_memory_type)) return kInvalidValue;
  if (copy.width_bytes == 0 || copy.height == 0) return 0;
  const Rows from = source_of(copy);
  const Rows to = target_of(copy);
  if (!usable(machine, from, copy) || !usable(machine, to, copy)) return kInvalidValue;
  std::shared_ptr<const std::byte> host;
  if (!from.on_device) host = machine.host_source(from.host, from.span(copy), stream);
  return machine.enqueue(stream, [&machine, copy, from, to, host] {
    const std::byte* source = from.on_device ? machine.device_memory(from.device, from.span(copy)) : host.get();
    std::byte* target = to.on_device ? machine.device_memory(to.device, to.span(copy))
                                     : static_cast<std::byte*>(const_cast<void*>(to.host));
    if (source == nullptr || target == nullptr) return kIllegalAddress;
    for (std::size_t row = 0; row < copy.height; ++row) {
      std::memmove(target + row * to.pitch, source + row * from.pitch, copy.width_bytes);
    }
    return 0;
  });
}

/// One row between two kinds of memory.
Copy2D row(std::size_t bytes, int from, int to) {
  Copy2D copy;
  copy.src_memory_type = from;
  copy.dst_memory_type = to;
  copy.src_pitch = copy.dst_pitch = copy.width_bytes = bytes;
  copy.height = 1;
  return copy;
}

}  // namespace

extern "C" {

StandInDriver* stand_in_cuda_switches() { return &Machine::instance(); }

int cuInit(unsigned /*flags*/) {
  return driver_call("cuInit", Needs::nothing, [](Machine& machine) { return machine.initialize(); });
}

int cuDriverGetVersion(int* version) {
  return driver_call("cuDriverGetVersion", Needs::nothing, [version](Machine&) {
    *version = 12040;
    return 0;
  });
}

int cuGetErrorName(int code, const char** name) {
  return driver_call("cuGetErrorName", Needs::nothing, [code, name](Machine&) {
    const ErrorText* error = find_error(code);
    *name = error != nullptr ? error->name : nullptr;
    return error != nullptr ? 0 : kInvalidValue;
  });
}

int cuGetErrorString(int code, const char** text) {
  return driver_call("cuGetErrorString", Needs::nothing, [code, text](Machine&) {
    const ErrorText* error = find_error(code);
    *text = error != nullptr ? error->text : nullptr;
    return error != nullptr ? 0 : kInvalidValue;
  });
}

int cuDeviceGetCount(int* count) {
  return driver_call("cuDeviceGetCount", Needs::driver, [count](Machine& machine) {
    *count = machine.device_count();
    return 0;
  });
}

int cuDeviceGet(int* device, int ordinal) {
  return driver_call("cuDeviceGet", Needs::driver, [=](Machine& machine) {
    if (ordinal < 0 || ordinal >= machine.device_count()) return inference_exp::test::kInvalidDevice;
    *device = ordinal;
    return 0;
  });
}

int cuDeviceGetName(char* name, int length, int device) {
  return driver_call("cuDeviceGetName", Needs::driver,
                     [=](Machine& machine) { return machine.device_name(name, length, device); });
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return driver_call("cuDeviceGetAttribute", Needs::driver,
                     [=](Machine& machine) { return machine.device_attribute(value, attribute, device); });
}

int cuDevicePrimaryCtxRetain(ContextHandle* context, int device) {
  return driver_call("cuDevicePrimaryCtxRetain", Needs::driver,
                     [=](Machine& machine) { return machine.retain_context(context, device); });
}

int cuCtxPushCurrent_v2(ContextHandle context) {
  return driver_call("cuCtxPushCurrent_v2", Needs::driver,
                     [=](Machine& machine) { return machine.push_context(context); });
}

int cuCtxPopCurrent_v2(ContextHandle* context) {
  return driver_call("cuCtxPopCurrent_v2", Needs::driver,
                     [=](Machine& machine) { return machine.pop_context(context); });
}

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  return driver_call("cuMemGetInfo_v2", Needs::context,
                     [=](Machine& machine) { return machine.memory_info(free, total); });
}

int cuMemAlloc_v2(DevicePointer* pointer, std::size_t bytes) {
  return driver_call("cuMemAlloc_v2", Needs::context,
                     [=](Machine& machine) { return machine.allocate(pointer, bytes); });
}

int cuMemFree_v2(DevicePointer pointer) {
  return driver_call("cuMemFree_v2", Needs::context, [=](Machine& machine) { return machine.release(pointer); });
}

int cuMemHostAlloc(void** pointer, std::size_t bytes, unsigned /*flags*/) {
  return driver_call("cuMemHostAlloc", Needs::context,
                     [=](Machine& machine) { return machine.allocate_host(pointer, bytes); });
}

int cuMemFreeHost(void* pointer) {
  return driver_call("cuMemFreeHost", Needs::context, [=](Machine& machine) { return machine.release_host(pointer); });
}

int cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, std::size_t bytes, StreamHandle stream) {
  return driver_call("cuMemcpyHtoDAsync_v2", Needs::context, [=](Machine& machine) {
    Copy2D copy = row(bytes, kMemoryTypeHost, kMemoryTypeDevice);
    copy.src_host = from;
    copy.dst_device = to;
    return copy_rows(machine, copy, stream);
  });
}

int cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, std::size_t bytes, StreamHandle stream) {
  return driver_call("cuMemcpyDtoHAsync_v2", Needs::context, [=](Machine& machine) {
    Copy2D copy = row(bytes, kMemoryTypeDevice, kMemoryTypeHost);
    copy.src_device = from;
    copy.dst_host = to;
    return copy_rows(machine, copy, stream);
  });
}

int cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle stream) {
  return driver_call("cuMemcpyDtoDAsync_v2", Needs::context, [=](Machine& machine) {
    Copy2D copy = row(bytes, kMemoryTypeDevice, kMemoryTypeDevice);
    copy.src_device = from;
    copy.dst_device = to;
    return copy_rows(machine, copy, stream);
  });
}

int cuMemcpy2DAsync_v2(const Copy2D* copy, StreamHandle stream) {
  return driver_call("cuMemcpy2DAsync_v2", Needs::context,
                     [=](Machine& machine) { return copy_rows(machine, *copy, stream); });
}

int cuMemsetD8Async(DevicePointer to, unsigned char value, std::size_t bytes, StreamHandle stream) {
  return driver_call("cuMemsetD8Async", Needs::context, [=](Machine& machine) {
    if (machine.device_memory(to, bytes) == nullptr) return kInvalidValue;
    return machine.enqueue(stream, [&machine, to, value, bytes] {
      std::byte* const memory = machine.device_memory(to, bytes);
      if (memory == nullptr) return kIllegalAddress;
      std::memset(memory, value, bytes);
      return 0;
    });
  });
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
