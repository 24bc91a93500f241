// Perception Encoder (Bolya et al., 2025), PE-Core: one space for images and texts; positions of patches are turned
// into queries and keys, and a learnt probe pools them (torch_models.md, section "Perception Encoder").
#pragma once

#include <cstdint>
#include <memory>

#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// What shapes don't say. Unset values (0) follow from the shapes and the sizes that were published.
struct PerceptionEncoderHints {
  std::int64_t vision_heads = 0;
  std::int64_t pooler_heads = 0;
  std::int64_t text_heads = 0;
};

/// Everything of the image tower that follows from the checkpoint.
struct PerceptionEncoderShape {
  std::int64_t width = 0, layers = 0, heads = 0, mlp_width = 0;
  std::int64_t patch = 0, grid = 0;
  bool class_token = false;
  std::int64_t pooler_heads = 0, pooler_mlp_width = 0, dimension = 0;
};

/// Throws Failure (IEXP_ERROR_CORRUPTED_PACKAGE) where a tensor that tells a value is missing, or values contradict
/// each other.
[[nodiscard]] PerceptionEncoderShape perception_encoder_shape(const Weights& weights,
                                                              const PerceptionEncoderHints& hints);

/// Input "image" [B, 3, H, W], normalised RGB, H and W multiples of the patch; output "embeddings" float32
/// [B, dimension] of length 1. Position embeddings are interpolated for other sizes than the trained one. Metadata:
/// "resolution", "patch_size", "dimension". Throws Failure with the list of tensors that do not fit.
[[nodiscard]] std::unique_ptr<Network> make_perception_encoder_image(Weights weights,
                                                                     const PerceptionEncoderHints& hints);

/// clip_text.hpp, with embeddings of length 1. Throws as make_perception_encoder_image does, also where there is no
/// text tower.
[[nodiscard]] std::unique_ptr<Network> make_perception_encoder_text(Weights weights,
                                                                    const PerceptionEncoderHints& hints);

}  // namespace inference_exp::torch_backend
