// Whether a family's own work around a network can be done on the network's device.
#pragma once

#include "runtime/session.hpp"
#include "vision/cuda/kernels.hpp"

namespace inference_exp::models {

/// The kernels for the session's device. Null where the session works in host memory, and, with a warning, where it has
/// a device that this library has no kernels for.
[[nodiscard]] const vision::gpu::Kernels* device_kernels(const runtime::Session& session);

}  // namespace inference_exp::models
