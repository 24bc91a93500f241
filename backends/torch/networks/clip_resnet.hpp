// CLIP's residual network: three convolutions at the start, average pooling where others take strides, attention
// pooling at the end. RN50, RN101, RN50x4, x16 and x64.
#pragma once

#include <memory>

#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// As make_clip_image of clip.hpp. Batch norms become part of the convolutions before them.
[[nodiscard]] std::unique_ptr<Network> make_clip_resnet(Weights weights);

}  // namespace inference_exp::torch_backend
