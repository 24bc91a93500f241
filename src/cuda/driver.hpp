// The NVIDIA driver's own interface (libcuda.so.1), opened at run time: building needs no CUDA header or library, and a
// machine without a GPU gets an error that says so.
//
// Contract: thread-safe. The library is opened once, at the first call that finds it, and never unloaded. Names and
// numbers are those of NVIDIA's CUDA Driver API reference; only what this project calls is declared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

// The driver's opaque types under its own tags, so that handles pass to libraries compiled with NVIDIA's headers.
struct CUctx_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
struct CUmod_st;
struct CUfunc_st;

namespace inference_exp::cuda {

using Result = int;                    ///< CUresult
using DevicePointer = std::uintptr_t;  ///< CUdeviceptr
using ContextHandle = CUctx_st*;
using StreamHandle = CUstream_st*;  ///< null: the legacy default stream
using EventHandle = CUevent_st*;
using GraphHandle = CUgraph_st*;
using GraphExecHandle = CUgraphExec_st*;
using ModuleHandle = CUmod_st*;
using FunctionHandle = CUfunc_st*;

inline constexpr Result kSuccess = 0;
inline constexpr Result kInvalidValue = 1;
inline constexpr Result kOutOfMemory = 2;
inline constexpr Result kNoDevice = 100;
inline constexpr Result kStreamCaptureUnsupported = 900;

inline constexpr int kMemoryTypeHost = 1;    ///< CU_MEMORYTYPE_HOST
inline constexpr int kMemoryTypeDevice = 2;  ///< CU_MEMORYTYPE_DEVICE

/// CUDA_MEMCPY2D.
struct Copy2D {
  std::size_t src_x_bytes = 0, src_y = 0;
  int src_memory_type = kMemoryTypeHost;
  const void* src_host = nullptr;
  DevicePointer src_device = 0;
  void* src_array = nullptr;
  std::size_t src_pitch = 0;
  std::size_t dst_x_bytes = 0, dst_y = 0;
  int dst_memory_type = kMemoryTypeDevice;
  void* dst_host = nullptr;
  DevicePointer dst_device = 0;
  void* dst_array = nullptr;
  std::size_t dst_pitch = 0;
  std::size_t width_bytes = 0;
  std::size_t height = 0;
};

/// The functions of the driver, by their own names without "cu"; each returns a CUresult.
struct Driver {
  Result (*init)(unsigned flags);                                               // cuInit
  Result (*driver_get_version)(int* version);                                   // cuDriverGetVersion
  Result (*get_error_name)(Result error, const char** name);                    // cuGetErrorName
  Result (*get_error_string)(Result error, const char** text);                  // cuGetErrorString
  Result (*device_get_count)(int* count);                                       // cuDeviceGetCount
  Result (*device_get)(int* device, int ordinal);                               // cuDeviceGet
  Result (*device_get_name)(char* name, int length, int device);                // cuDeviceGetName
  Result (*device_get_attribute)(int* value, int attribute, int device);        // cuDeviceGetAttribute
  Result (*primary_ctx_retain)(ContextHandle* context, int device);             // cuDevicePrimaryCtxRetain
  Result (*ctx_push_current)(ContextHandle context);                            // cuCtxPushCurrent_v2
  Result (*ctx_pop_current)(ContextHandle* context);                            // cuCtxPopCurrent_v2
  Result (*mem_get_info)(std::size_t* free, std::size_t* total);                // cuMemGetInfo_v2
  Result (*mem_alloc)(DevicePointer* pointer, std::size_t bytes);               // cuMemAlloc_v2
  Result (*mem_free)(DevicePointer pointer);                                    // cuMemFree_v2
  Result (*mem_host_alloc)(void** pointer, std::size_t bytes, unsigned flags);  // cuMemHostAlloc
  Result (*mem_free_host)(void* pointer);                                       // cuMemFreeHost
  Result (*memcpy_htod_async)(DevicePointer to, const void* from, std::size_t bytes, StreamHandle stream);    // ..._v2
  Result (*memcpy_dtoh_async)(void* to, DevicePointer from, std::size_t bytes, StreamHandle stream);          // ..._v2
  Result (*memcpy_dtod_async)(DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle stream);  // ..._v2
  Result (*memcpy_2d_async)(const Copy2D* copy, StreamHandle stream);  // cuMemcpy2DAsync_v2
  Result (*memset_d8_async)(DevicePointer to, unsigned char value, std::size_t bytes, StreamHandle stream);
  Result (*stream_create)(StreamHandle* stream, unsigned flags);                        // cuStreamCreate
  Result (*stream_destroy)(StreamHandle stream);                                        // cuStreamDestroy_v2
  Result (*stream_synchronize)(StreamHandle stream);                                    // cuStreamSynchronize
  Result (*stream_wait_event)(StreamHandle stream, EventHandle event, unsigned flags);  // cuStreamWaitEvent
  Result (*stream_begin_capture)(StreamHandle stream, int mode);                        // cuStreamBeginCapture_v2
  Result (*stream_end_capture)(StreamHandle stream, GraphHandle* graph);                // cuStreamEndCapture
  Result (*event_create)(EventHandle* event, unsigned flags);                           // cuEventCreate
  Result (*event_destroy)(EventHandle event);                                           // cuEventDestroy_v2
  Result (*event_record)(EventHandle event, StreamHandle stream);                       // cuEventRecord
  Result (*event_synchronize)(EventHandle event);                                       // cuEventSynchronize
  Result (*event_elapsed_time)(float* milliseconds, EventHandle from, EventHandle to);  // cuEventElapsedTime
  Result (*graph_instantiate)(GraphExecHandle* executable, GraphHandle graph,
                              unsigned long long flags);                    // ...WithFlags
  Result (*graph_launch)(GraphExecHandle executable, StreamHandle stream);  // cuGraphLaunch
  Result (*graph_exec_destroy)(GraphExecHandle executable);                 // cuGraphExecDestroy
  Result (*graph_destroy)(GraphHandle graph);                               // cuGraphDestroy
  Result (*module_load_data)(ModuleHandle* module, const void* image);      // cuModuleLoadData
  Result (*module_unload)(ModuleHandle module);                             // cuModuleUnload
  Result (*module_get_function)(FunctionHandle* function, ModuleHandle module, const char* name);
  Result (*launch_kernel)(FunctionHandle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                          unsigned block_y, unsigned block_z, unsigned shared_bytes, StreamHandle stream,
                          void** parameters, void** extra);  // cuLaunchKernel
};

/// A call of the driver that failed.
class Error : public std::runtime_error {
 public:
  Error(Result code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] Result code() const noexcept { return code_; }
  [[nodiscard]] bool out_of_memory() const noexcept { return code_ == kOutOfMemory; }

 private:
  Result code_;
};

/// There is no driver, or none that can be used; the text says why.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The opened and initialised driver: libcuda.so.1, or the file that INFERENCE_EXP_CUDA_DRIVER names. Throws
/// Unavailable.
[[nodiscard]] const Driver& driver();

/// Throws Error with the driver's own name and text for `result` unless it is success. `call` is named in the message.
void check(Result result, const char* call);

/// How many devices there are; 0 where there is no driver. Never throws.
[[nodiscard]] int device_count() noexcept;

}  // namespace inference_exp::cuda
