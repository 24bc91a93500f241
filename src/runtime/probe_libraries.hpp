// What the NVIDIA libraries on this machine say about it.
//
// Contract: libraries are opened at run time and never unloaded; where one is missing or answers with an error, so is
// what it would have said. No CUDA context is made, and no memory of a GPU is taken.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace inference_exp::runtime {

struct CudaDevice {
  std::string name;  ///< as the driver spells it
  std::int32_t cc_major = 0;
  std::int32_t cc_minor = 0;
};

struct CudaDriver {
  std::vector<CudaDevice> devices;
  std::optional<std::int32_t> version;  ///< the newest CUDA it serves, as 1000 * major + 10 * minor
  std::int32_t error = 0;               ///< why CUDA did not start; "there is no GPU" does not count
};

struct TensorRtLibrary {
  std::optional<std::int32_t> version;  ///< as getInferLibVersion says it
  std::optional<std::int32_t> build;
};

/// Names for the system's loader, or paths; the first that opens is asked.
using LibraryNames = std::span<const char* const>;

inline constexpr const char* kCudaDriverNames[] = {"libcuda.so.1"};
/// First the one that the machine's toolkit made the default.
inline constexpr const char* kCudaRuntimeNames[] = {"libcudart.so", "libcudart.so.13", "libcudart.so.12",
                                                    "libcudart.so.11.0"};
inline constexpr const char* kTensorRtNames[] = {"libnvinfer.so.10"};

/// Nothing where no driver library opens.
[[nodiscard]] std::optional<CudaDriver> ask_cuda_driver(LibraryNames names = kCudaDriverNames);

/// As 1000 * major + 10 * minor.
[[nodiscard]] std::optional<std::int32_t> ask_cuda_runtime(LibraryNames names = kCudaRuntimeNames);

/// Nothing where TensorRT does not open.
[[nodiscard]] std::optional<TensorRtLibrary> ask_tensorrt(LibraryNames names = kTensorRtNames);

}  // namespace inference_exp::runtime
