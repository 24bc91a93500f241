// The compiled CUDA kernels, carried inside the library.
#pragma once

#include <span>

namespace inference_exp::vision::gpu {

/// A fatbin with code for several GPU generations; empty where the library was built without nvcc.
[[nodiscard]] std::span<const unsigned char> kernel_image() noexcept;

}  // namespace inference_exp::vision::gpu
