// Which operators a TorchScript graph may have.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

namespace inference_exp::torch_backend {

/// Throws Failure with IEXP_ERROR_UNTRUSTED for an operator that might do more than compute.
void check_operator(const torch::jit::Node& node);

}  // namespace inference_exp::torch_backend
