// A checked and frozen TorchScript module as a network.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "networks/network.hpp"

namespace inference_exp::torch_backend {

/// `frozen` passed check_graphs before it was frozen; its weights are of the type `type`. Runs it until LibTorch has
/// optimized it. Throws Failure: IEXP_ERROR_CORRUPTED_PACKAGE for a module that changes itself while it runs or returns
/// more than tensors side by side, IEXP_ERROR_MODEL_RUNTIME when it fails on a blank input.
[[nodiscard]] std::unique_ptr<Network> make_script_network(torch::jit::Module frozen, at::ScalarType type,
                                                           std::vector<std::int64_t> input_shape, at::Device device,
                                                           std::map<std::string, std::string> metadata);

}  // namespace inference_exp::torch_backend
