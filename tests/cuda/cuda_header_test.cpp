// Our declarations of the driver against NVIDIA's own header, where there is one.
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>

#include "cuda/driver.hpp"

namespace inference_exp::cuda {
namespace {

/// Passed in the same registers: as many arguments, of the same sizes, pointers where there are pointers.
template <typename Ours, typename Theirs>
struct SameCall : std::false_type {};
template <typename... Ours, typename... Theirs>
requires(sizeof...(Ours) == sizeof...(Theirs)) struct SameCall<Result (*)(Ours...), CUresult (*)(Theirs...)>
    : std::bool_constant<((sizeof(Ours) == sizeof(Theirs) &&
                           std::is_pointer_v<Ours> == std::is_pointer_v<Theirs>)&&...)> {
};

template <auto kMember, typename Theirs>
constexpr bool kMatches = SameCall<std::remove_cvref_t<decltype(std::declval<Driver>().*kMember)>, Theirs>::value;

static_assert(kMatches<&Driver::init, decltype(&cuInit)>);
static_assert(kMatches<&Driver::driver_get_version, decltype(&cuDriverGetVersion)>);
static_assert(kMatches<&Driver::get_error_name, decltype(&cuGetErrorName)>);
static_assert(kMatches<&Driver::get_error_string, decltype(&cuGetErrorString)>);
static_assert(kMatches<&Driver::device_get_count, decltype(&cuDeviceGetCount)>);
static_assert(kMatches<&Driver::device_get, decltype(&cuDeviceGet)>);
static_assert(kMatches<&Driver::device_get_name, decltype(&cuDeviceGetName)>);
static_assert(kMatches<&Driver::device_get_attribute, decltype(&cuDeviceGetAttribute)>);
static_assert(kMatches<&Driver::primary_ctx_retain, decltype(&cuDevicePrimaryCtxRetain)>);
static_assert(kMatches<&Driver::ctx_push_current, decltype(&cuCtxPushCurrent)>);
static_assert(kMatches<&Driver::ctx_pop_current, decltype(&cuCtxPopCurrent)>);
static_assert(kMatches<&Driver::mem_get_info, decltype(&cuMemGetInfo)>);
static_assert(kMatches<&Driver::mem_alloc, decltype(&cuMemAlloc)>);
static_assert(kMatches<&Driver::mem_free, decltype(&cuMemFree)>);
static_assert(kMatches<&Driver::mem_host_alloc, decltype(&cuMemHostAlloc)>);
static_assert(kMatches<&Driver::mem_free_host, decltype(&cuMemFreeHost)>);
static_assert(kMatches<&Driver::memcpy_htod_async, decltype(&cuMemcpyHtoDAsync)>);
static_assert(kMatches<&Driver::memcpy_dtoh_async, decltype(&cuMemcpyDtoHAsync)>);
static_assert(kMatches<&Driver::memcpy_dtod_async, decltype(&cuMemcpyDtoDAsync)>);
static_assert(kMatches<&Driver::memcpy_2d_async, decltype(&cuMemcpy2DAsync)>);
static_assert(kMatches<&Driver::memset_d8_async, decltype(&cuMemsetD8Async)>);
static_assert(kMatches<&Driver::stream_create, decltype(&cuStreamCreate)>);
static_assert(kMatches<&Driver::stream_destroy, decltype(&cuStreamDestroy)>);
static_assert(kMatches<&Driver::stream_synchronize, decltype(&cuStreamSynchronize)>);
static_assert(kMatches<&Driver::stream_wait_event, decltype(&cuStreamWaitEvent)>);
static_assert(kMatches<&Driver::stream_begin_capture, decltype(&cuStreamBeginCapture)>);
static_assert(kMatches<&Driver::stream_end_capture, decltype(&cuStreamEndCapture)>);
static_assert(kMatches<&Driver::event_create, decltype(&cuEventCreate)>);
static_assert(kMatches<&Driver::event_destroy, decltype(&cuEventDestroy)>);
static_assert(kMatches<&Driver::event_record, decltype(&cuEventRecord)>);
static_assert(kMatches<&Driver::event_synchronize, decltype(&cuEventSynchronize)>);
static_assert(kMatches<&Driver::event_elapsed_time, decltype(&cuEventElapsedTime)>);
static_assert(kMatches<&Driver::graph_instantiate, decltype(&cuGraphInstantiateWithFlags)>);
static_assert(kMatches<&Driver::graph_launch, decltype(&cuGraphLaunch)>);
static_assert(kMatches<&Driver::graph_exec_destroy, decltype(&cuGraphExecDestroy)>);
static_assert(kMatches<&Driver::graph_destroy, decltype(&cuGraphDestroy)>);
static_assert(kMatches<&Driver::module_load_data, decltype(&cuModuleLoadData)>);
static_assert(kMatches<&Driver::module_unload, decltype(&cuModuleUnload)>);
static_assert(kMatches<&Driver::module_get_function, decltype(&cuModuleGetFunction)>);
static_assert(kMatches<&Driver::launch_kernel, decltype(&cuLaunchKernel)>);

static_assert(std::is_same_v<ContextHandle, CUcontext> && std::is_same_v<StreamHandle, CUstream>);
static_assert(std::is_same_v<EventHandle, CUevent> && std::is_same_v<GraphHandle, CUgraph>);
static_assert(std::is_same_v<GraphExecHandle, CUgraphExec> && std::is_same_v<ModuleHandle, CUmodule>);
static_assert(std::is_same_v<FunctionHandle, CUfunction> && sizeof(DevicePointer) == sizeof(CUdeviceptr));

static_assert(kSuccess == CUDA_SUCCESS && kInvalidValue == CUDA_ERROR_INVALID_VALUE);
static_assert(kOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY && kNoDevice == CUDA_ERROR_NO_DEVICE);
static_assert(kStreamCaptureUnsupported == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
static_assert(kMemoryTypeHost == CU_MEMORYTYPE_HOST && kMemoryTypeDevice == CU_MEMORYTYPE_DEVICE);
// What resources.cpp says in numbers.
static_assert(CU_STREAM_NON_BLOCKING == 1 && CU_EVENT_DISABLE_TIMING == 2 && CU_MEMHOSTALLOC_PORTABLE == 1);
static_assert(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL == 1);
static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == 75 && CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == 76);

TEST(CudaHeader, LaysOutACopyOfRowsAsWeDo) {
  EXPECT_EQ(sizeof(Copy2D), sizeof(CUDA_MEMCPY2D));
  EXPECT_EQ(offsetof(Copy2D, src_x_bytes), offsetof(CUDA_MEMCPY2D, srcXInBytes));
  EXPECT_EQ(offsetof(Copy2D, src_y), offsetof(CUDA_MEMCPY2D, srcY));
  EXPECT_EQ(offsetof(Copy2D, src_memory_type), offsetof(CUDA_MEMCPY2D, srcMemoryType));
  EXPECT_EQ(offsetof(Copy2D, src_host), offsetof(CUDA_MEMCPY2D, srcHost));
  EXPECT_EQ(offsetof(Copy2D, src_device), offsetof(CUDA_MEMCPY2D, srcDevice));
  EXPECT_EQ(offsetof(Copy2D, src_array), offsetof(CUDA_MEMCPY2D, srcArray));
  EXPECT_EQ(offsetof(Copy2D, src_pitch), offsetof(CUDA_MEMCPY2D, srcPitch));
  EXPECT_EQ(offsetof(Copy2D, dst_x_bytes), offsetof(CUDA_MEMCPY2D, dstXInBytes));
  EXPECT_EQ(offsetof(Copy2D, dst_y), offsetof(CUDA_MEMCPY2D, dstY));
  EXPECT_EQ(offsetof(Copy2D, dst_memory_type), offsetof(CUDA_MEMCPY2D, dstMemoryType));
  EXPECT_EQ(offsetof(Copy2D, dst_host), offsetof(CUDA_MEMCPY2D, dstHost));
  EXPECT_EQ(offsetof(Copy2D, dst_device), offsetof(CUDA_MEMCPY2D, dstDevice));
  EXPECT_EQ(offsetof(Copy2D, dst_array), offsetof(CUDA_MEMCPY2D, dstArray));
  EXPECT_EQ(offsetof(Copy2D, dst_pitch), offsetof(CUDA_MEMCPY2D, dstPitch));
  EXPECT_EQ(offsetof(Copy2D, width_bytes), offsetof(CUDA_MEMCPY2D, WidthInBytes));
  EXPECT_EQ(offsetof(Copy2D, height), offsetof(CUDA_MEMCPY2D, Height));
}

}  // namespace
}  // namespace inference_exp::cuda
