// The library's CUDA kernels as functions on the CPU: the same bodies, run thread after thread.
#pragma once

#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

/// Registers every kernel of vision/cuda with the stand-in driver. A kernel that is given memory it may not use - an
/// address that is no device memory, or a buffer that is too small for what it was told - ends the test program.
void register_vision_kernels(StandInDriver& driver);

}  // namespace inference_exp::test
