// CLIP's vision transformer (Dosovitskiy et al., 2021): ViT-B/32, B/16, L/14 and L/14@336px.
#pragma once

#include <memory>

#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// As make_clip_image of clip.hpp. With a tracer, all positions of all layers are computed; without, only the class
/// token's in the last.
[[nodiscard]] std::unique_ptr<Network> make_clip_vit(Weights weights);

}  // namespace inference_exp::torch_backend
