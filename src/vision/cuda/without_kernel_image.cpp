#include "vision/cuda/kernel_image.hpp"

namespace inference_exp::vision::gpu {

std::span<const unsigned char> kernel_image() noexcept { return {}; }

}  // namespace inference_exp::vision::gpu
