// Networks that were exported as TorchScript: the graph is in the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "networks/network.hpp"

namespace inference_exp::torch_backend {

struct ScriptSettings {
  at::Device device = at::kCPU;
  std::optional<at::ScalarType> precision;  ///< what the weights must be; unset: what they are
  std::vector<std::int64_t> input_shape;    ///< [B, 3, H, W]; empty: as the file's own config.txt says
};

/// "1,3,640,640". Throws Failure (IEXP_ERROR_INVALID_PARAMETER) for anything but four sizes of a batch of pictures.
[[nodiscard]] std::vector<std::int64_t> parse_input_shape(const std::string& text);

/// A network of one input "images", float32 in the given shape, and float32 outputs "output0", "output1", ... in the
/// order that forward returns them. The file's graph is refused unless every operator in it computes on tensors and
/// nothing else (see ScriptArchive and check_graphs for what is promised), then frozen, and run until LibTorch has
/// optimized it, which tells the outputs' shapes as well. No promise is made that running ends: a graph may loop.
/// Metadata: "config", the file's own config.txt.
/// Throws Failure: IEXP_ERROR_UNTRUSTED for a graph that would do more than compute, IEXP_ERROR_CORRUPTED_PACKAGE for a
/// file that is no such network, IEXP_ERROR_INVALID_PARAMETER and IEXP_ERROR_ENVIRONMENT for settings it does not fit.
[[nodiscard]] std::unique_ptr<Network> open_torchscript(const std::string& path, const ScriptSettings& settings);

}  // namespace inference_exp::torch_backend
