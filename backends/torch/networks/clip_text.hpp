// The text tower of CLIP (Radford et al., 2021), which Perception Encoder has too.
#pragma once

#include <cstdint>
#include <memory>

#include "networks/network.hpp"
#include "networks/transformer.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

struct ClipTextShape {
  TransformerShape transformer;
  std::int64_t context_length = 0, vocabulary = 0, dimension = 0;
  bool unit_length = false;  ///< embeddings are divided by their length
};

/// Reads the shape from tensors named as in a state dict. `heads` of 0: one for every 64 of the width. Throws Failure
/// (IEXP_ERROR_CORRUPTED_PACKAGE), among others where there is no text tower.
[[nodiscard]] ClipTextShape clip_text_shape(const Weights& weights, Activation activation, std::int64_t heads);

/// Input "tokens" int32 [B, context length]; output "embeddings" float32 [B, dimension], taken where each row has its
/// largest id, the end of the text. What follows has no effect. Metadata: "context_length", "dimension". forward throws
/// Failure (IEXP_ERROR_MODEL_RUNTIME) for ids outside the vocabulary. With a tracer, all positions of all layers are
/// computed; without, those that tell.
[[nodiscard]] std::unique_ptr<Network> make_clip_text(Weights weights, const ClipTextShape& shape);

}  // namespace inference_exp::torch_backend
