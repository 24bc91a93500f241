#include "networks/perception_encoder.hpp"

#include <ATen/ATen.h>

#include <string>
#include <utility>

#include "common/failure.hpp"
#include "networks/clip_embedder.hpp"
#include "networks/clip_text.hpp"
#include "networks/perception_encoder_parts.hpp"
#include "networks/transformer.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr double kEps = 1e-5;

class PerceptionEncoder final : public Embedder {
 public:
  PerceptionEncoder(Weights& weights, const PerceptionEncoderShape& shape)
      : Embedder(
            weights, {"image", at::kFloat, {-1, 3, -1, -1}}, shape.dimension,
            {{"resolution", std::to_string(shape.grid * shape.patch)}, {"patch_size", std::to_string(shape.patch)}}),
        shape_(shape),
        transformer_(weights, "visual.transformer.",
                     {shape.width, shape.layers, shape.heads, shape.mlp_width, Activation::gelu}),
        pooler_(weights, shape) {
    const std::int64_t places = shape.grid * shape.grid + (shape.class_token ? 1 : 0);
    patches_ = take_patch_embedding(weights, "visual.conv1", shape.width, shape.patch);
    at::Tensor positions = weights.take("visual.positional_embedding", {places, shape.width});
    if (shape.class_token) {
      class_token_ = (weights.take("visual.class_embedding", {shape.width}) + positions[0]).view({1, 1, shape.width});
      positions = positions.slice(0, 1).clone();
    }
    positions_ = positions;
    ln_pre_ = take_layer_norm(weights, "visual.ln_pre", shape.width, kEps);
    ln_post_ = take_layer_norm(weights, "visual.ln_post", shape.width, kEps);
    projection_ = weights.take("visual.proj", {shape.width, shape.dimension});
    turns_ = turns(shape.grid, shape.grid);
  }

  [[nodiscard]] std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs, Tracer* tracer) const override {
    check_size(inputs[0]);
    const auto see = [&](const char* name, const at::Tensor& output) {
      if (tracer != nullptr) tracer->see(name, output);
    };
    const std::int64_t rows = inputs[0].size(2) / shape_.patch;
    const std::int64_t columns = inputs[0].size(3) / shape_.patch;
    const bool as_trained = rows == shape_.grid && columns == shape_.grid;
    at::Tensor patches = patches_(inputs[0].to(options()));
    see("visual.conv1", patches.transpose(1, 2).unflatten(2, {rows, columns}));
    patches.add_(as_trained ? positions_ : positions(rows, columns));
    if (shape_.class_token) patches = at::cat({class_token_.expand({patches.size(0), 1, -1}), patches}, 1);
    at::Tensor tokens = ln_pre_(patches);
    see("visual.ln_pre", tokens);
    tokens = ln_post_(transformer_.forward(tokens, {{}, as_trained ? turns_ : turns(rows, columns)}, tracer));
    see("visual.ln_post", tokens);
    const at::Tensor pooled = pooler_(tokens);
    see("visual.attn_pool", pooled.unsqueeze(1));
    const at::Tensor embeddings = at::matmul(pooled, projection_);
    see("visual", embeddings);
    return {unit_length(embeddings)};
  }

 private:
  void check_size(const at::Tensor& image) const {
    check_shape(image);
    if (image.size(2) % shape_.patch == 0 && image.size(3) % shape_.patch == 0) return;
    throw Failure(IEXP_ERROR_MODEL_RUNTIME,
                  "An input of height " + std::to_string(image.size(2)) + " and width " +
                      std::to_string(image.size(3)) + " does not fit this Perception Encoder.",
                  "Both must be multiples of " + std::to_string(shape_.patch) + ".");
  }

  at::Tensor turns(std::int64_t rows, std::int64_t columns) const {
    return grid_turns(rows, columns, shape_.width / shape_.heads, shape_.class_token, options().device());
  }

  /// [rows * columns, width], without antialiasing also where it shrinks.
  at::Tensor positions(std::int64_t rows, std::int64_t columns) const {
    const at::Tensor square =
        positions_.to(at::kFloat).view({1, shape_.grid, shape_.grid, shape_.width}).permute({0, 3, 1, 2}).contiguous();
    return at::upsample_bilinear2d(square, {rows, columns}, false)
        .flatten(2)
        .squeeze(0)
        .transpose(0, 1)
        .to(positions_.scalar_type());
  }

  PerceptionEncoderShape shape_;
  Transformer transformer_;
  AttentionPooler pooler_;
  PatchEmbedding patches_;
  at::Tensor class_token_, positions_, projection_;
  at::Tensor turns_;  ///< of the trained size
  LayerNorm ln_pre_, ln_post_;
};

}  // namespace

std::unique_ptr<Network> make_perception_encoder_image(Weights weights, const PerceptionEncoderHints& hints) {
  const PerceptionEncoderShape shape = perception_encoder_shape(weights, hints);
  return build_tower<PerceptionEncoder>(weights, shape);
}

std::unique_ptr<Network> make_perception_encoder_text(Weights weights, const PerceptionEncoderHints& hints) {
  if (weights.has("visual.conv1.weight") && !weights.has("visual.attn_pool.probe")) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                  "These are no weights of a Perception Encoder: \"visual.attn_pool.probe\" is missing.",
                  "If they are a CLIP's, open it as clip.");
  }
  ClipTextShape shape = clip_text_shape(weights, Activation::gelu, hints.text_heads);
  shape.unit_length = true;
  return make_clip_text(std::move(weights), shape);
}

}  // namespace inference_exp::torch_backend
