// CLIP (Radford et al., 2021): one space for images and texts. All published sizes are told apart by shapes alone
// (torch_models.md, section "CLIP").
#pragma once

#include <memory>

#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// A vision transformer or a residual network with attention pooling. Input "image" [B, 3, S, S], normalised RGB;
/// output "embeddings" float32 [B, dimension], not normalised. Metadata: "resolution" (S), "dimension". Throws Failure
/// (IEXP_ERROR_CORRUPTED_PACKAGE) for another model, with the list of tensors that do not fit.
[[nodiscard]] std::unique_ptr<Network> make_clip_image(Weights weights);

/// clip_text.hpp, with CLIP's activation. Throws as make_clip_image does, also where there is no text tower.
[[nodiscard]] std::unique_ptr<Network> make_clip_text(Weights weights);

}  // namespace inference_exp::torch_backend
