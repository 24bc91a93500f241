// The driver's addresses as the pointers that kernels take. The host never follows them.
#pragma once

#include "cuda/driver.hpp"

namespace inference_exp::vision::gpu {

template <typename T>
[[nodiscard]] T* device_pointer(cuda::DevicePointer address) noexcept {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr): the driver gives numbers
}

}  // namespace inference_exp::vision::gpu
