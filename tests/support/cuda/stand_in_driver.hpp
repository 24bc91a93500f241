// A stand-in for the NVIDIA driver: a shared object with the same entry points (cuInit, cuMemAlloc_v2, ...) that keeps
// "device" memory on the heap and runs kernels as functions on the CPU.
//
// What makes it a test and not a toy:
//  - Streams are lazy. What is queued runs only when somebody waits for it (cuStreamSynchronize, cuEventSynchronize, or
//    another stream's wait for an event): whoever forgets to wait reads old bytes, every time. Null streams too.
//  - Device memory can only be reached through the driver's functions: its addresses are not host addresses, so that
//    the host crashes nothing but gets an error when it mixes them up. Kernels get them translated by device_memory().
//  - Any call can be told to fail, memory can be limited, and what was not freed is counted.
//  - Graph capture records, refuses what the real driver refuses while capturing (allocation, waiting), and replays.
//
// The program that uses it names it in INFERENCE_EXP_CUDA_DRIVER before the first use of cuda::driver();
// use_stand_in_driver() does that and opens it. Thread-safe, clean under the thread sanitizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::test {

/// One launch, as a host function sees it. `parameters[i]` points to the kernel's i-th argument.
struct HostLaunch {
  unsigned grid[3];
  unsigned block[3];
  void** parameters;
};
using HostKernel = std::function<void(const HostLaunch&)>;

/// The switches of the stand-in; one for the process, reached through the opened library.
class StandInDriver {
 public:
  virtual ~StandInDriver() = default;
  /// The `after + 1`-th call of `function` ("cuMemAlloc_v2") from now on returns `result` once, and does nothing.
  virtual void fail(std::string_view function, int result, int after = 0) = 0;
  /// How often `function` was called since reset().
  [[nodiscard]] virtual int calls(std::string_view function) const = 0;
  /// Device memory beyond which cuMemAlloc_v2 fails; 0: none.
  virtual void limit_memory(std::size_t bytes) = 0;
  [[nodiscard]] virtual std::size_t memory_in_use() const = 0;
  /// Streams, events, buffers, graphs and modules that were made and not destroyed.
  [[nodiscard]] virtual int live_objects() const = 0;
  /// How many devices there are (at the next cuInit-independent question), with this name and compute capability.
  virtual void set_devices(int count, std::string_view name, int major, int minor) = 0;
  /// Forgets failures, counts and limits; not what is alive.
  virtual void reset() = 0;

  /// Kernels by their names; cuModuleGetFunction finds no others. The image given to cuModuleLoadData is not read.
  /// `parameter_sizes`: bytes of each argument, which are copied at the launch as the real driver copies them.
  virtual void register_kernel(const std::string& name, std::vector<std::size_t> parameter_sizes,
                               HostKernel kernel) = 0;
  /// Where device memory really lies: for kernels and stand-ins of other libraries. Null when [address, address +
  /// bytes) is not inside one allocation.
  [[nodiscard]] virtual std::byte* device_memory(std::uintptr_t address, std::size_t bytes) = 0;
  /// Queues a host function on a stream, as a library's own kernel would be; captured like any other work. What it
  /// returns, unless 0, is the result of the wait for the stream. Returns 0 or the error of the call.
  virtual int enqueue(void* stream, std::function<int()> work) = 0;
};

/// Opens the library at STAND_IN_CUDA_DRIVER (a compile definition of the test target) for this process and returns its
/// switches. Call it before anything else of CUDA; every later call returns the same.
StandInDriver& use_stand_in_driver();

/// The switches of the library that INFERENCE_EXP_CUDA_DRIVER names, for shared objects that are themselves opened by a
/// test (a stand-in TensorRT). Null when it names none.
StandInDriver* stand_in_driver_in_use();

}  // namespace inference_exp::test
