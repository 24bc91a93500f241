// One opened engine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bound_context.hpp"
#include "core/object_pool.hpp"
#include "cuda/resources.hpp"
#include "execution_lane.hpp"
#include "inference_exp/backend.h"
#include "ports.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Lanes are made when all that there are are taken, and kept: one for each request that lives at the same time.
using LanePool = ObjectPool<ExecutionLane>;

}  // namespace inference_exp::tensorrt

/// The handle of backend.h.
struct iexp_session : inference_exp::tensorrt::Ports {
  iexp_session(const inference_exp::cuda::Context& device_context,
               inference_exp::tensorrt::InContext<inference_exp::tensorrt::Engine> opened,
               inference_exp::tensorrt::Ports ports, bool cuda_graphs);

  [[nodiscard]] iexp_device device() const noexcept { return {.device_type = 2, .device_id = context->index()}; }

  const inference_exp::cuda::Context* context;
  inference_exp::tensorrt::InContext<inference_exp::tensorrt::Engine> engine;
  std::map<std::string, std::string> metadata;
  inference_exp::tensorrt::LanePool lanes;  // last: its contexts go before the engine
};

namespace inference_exp::tensorrt {

/// Opens an engine file. Throws Failure: IEXP_ERROR_CORRUPTED_PACKAGE for a file that is no usable engine,
/// IEXP_ERROR_ENVIRONMENT for one that does not fit this machine or a device that is not there, IEXP_ERROR_MISSING_
/// DEPENDENCY without TensorRT, IEXP_ERROR_INVALID_PARAMETER for what TensorRT has no use for.
[[nodiscard]] std::unique_ptr<iexp_session> open_session(const iexp_open_request& request);

}  // namespace inference_exp::tensorrt
