// RF-DETR from its published checkpoint files: {'model': state dict, 'args': Namespace}.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/checkpoint.hpp"
#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// `model_type` ("rfdetr-nano"), where given, must be the size that the shapes tell. Throws Failure
/// (IEXP_ERROR_CORRUPTED_PACKAGE) for another model.
[[nodiscard]] std::unique_ptr<Network> open_rfdetr(const std::shared_ptr<const checkpoint::Checkpoint>& file,
                                                   const std::string& model_type, Placement placement);

}  // namespace inference_exp::torch_backend
