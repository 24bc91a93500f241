#include "common/failure.hpp"
#include "networks/clip_embedder.hpp"
#include "networks/perception_encoder.hpp"
#include "networks/transformer.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr std::int64_t kMaxResolution = 4096;
constexpr std::int64_t kMaxDimension = 1 << 16;
constexpr std::int64_t kMaxWidth = 1 << 20;
constexpr std::int64_t kPoolerHeads = 8;

void check_heads(const PerceptionEncoderShape& shape) {
  // Each axis turns pairs of values in its half of a head.
  if (shape.width % (4 * shape.heads) == 0 && shape.width % shape.pooler_heads == 0) return;
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                "A width of " + std::to_string(shape.width) + " does not divide by " + std::to_string(shape.heads) +
                    " heads of whole pairs and by " + std::to_string(shape.pooler_heads) + " heads of the pooling.",
                "The file holds another model or an unknown size of it.");
}

}  // namespace

PerceptionEncoderShape perception_encoder_shape(const Weights& weights, const PerceptionEncoderHints& hints) {
  const TransformerShape transformer =
      transformer_shape(weights, "visual.transformer.", Activation::gelu, hints.vision_heads);
  PerceptionEncoderShape shape;
  shape.width = transformer.width;
  shape.layers = transformer.layers;
  shape.heads = transformer.heads;
  shape.mlp_width = transformer.mlp_width;
  shape.patch = weights.dim("visual.conv1.weight", 2);
  shape.class_token = weights.has("visual.class_embedding");
  shape.grid = square_side(weights.dim("visual.positional_embedding", 0) - (shape.class_token ? 1 : 0));
  shape.pooler_heads = hints.pooler_heads > 0 ? hints.pooler_heads : kPoolerHeads;
  shape.pooler_mlp_width = weights.dim("visual.attn_pool.mlp.c_fc.weight", 0);
  shape.dimension = weights.dim("visual.proj", 1);
  check_range("patch size", shape.patch, kMaxResolution);
  check_range("patch grid", shape.grid, kMaxResolution);
  check_range("resolution", shape.patch * shape.grid, kMaxResolution);
  check_range("pooling's hidden width", shape.pooler_mlp_width, kMaxWidth);
  check_range("dimension", shape.dimension, kMaxDimension);
  check_heads(shape);
  return shape;
}

}  // namespace inference_exp::torch_backend
