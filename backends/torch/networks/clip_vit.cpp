#include "networks/clip_vit.hpp"

#include <ATen/ATen.h>

#include "networks/clip_embedder.hpp"
#include "networks/transformer.hpp"

namespace inference_exp::torch_backend {

namespace {

constexpr double kEps = 1e-5;
constexpr std::int64_t kMaxResolution = 4096;
constexpr std::int64_t kMaxDimension = 1 << 16;

struct ClipVitShape {
  TransformerShape transformer;
  std::int64_t patch = 0, grid = 0, dimension = 0;
};

ClipVitShape clip_vit_shape(const Weights& weights) {
  ClipVitShape shape;
  shape.transformer = transformer_shape(weights, "visual.transformer.", Activation::quick_gelu, 0);
  shape.patch = weights.dim("visual.conv1.weight", 2);
  shape.grid = square_side(weights.dim("visual.positional_embedding", 0) - 1);
  shape.dimension = weights.dim("visual.proj", 1);
  check_range("patch size", shape.patch, kMaxResolution);
  check_range("patch grid", shape.grid, kMaxResolution);
  check_range("resolution", shape.patch * shape.grid, kMaxResolution);
  check_range("dimension", shape.dimension, kMaxDimension);
  return shape;
}

class ClipVit final : public Embedder {
 public:
  ClipVit(Weights& weights, const ClipVitShape& shape)
      : Embedder(weights, {"image", at::kFloat, {-1, 3, shape.patch * shape.grid, shape.patch * shape.grid}},
                 shape.dimension, {{"resolution", std::to_string(shape.patch * shape.grid)}}),
        shape_(shape),
        transformer_(weights, "visual.transformer.", shape.transformer) {
    const std::int64_t width = shape.transformer.width;
    patches_ = take_patch_embedding(weights, "visual.conv1", width, shape.patch);
    const at::Tensor class_token = weights.take("visual.class_embedding", {width});
    const at::Tensor positions = weights.take("visual.positional_embedding", {shape.grid * shape.grid + 1, width});
    class_token_ = (class_token + positions[0]).view({1, 1, width});
    positions_ = positions.slice(0, 1).clone();
    ln_pre_ = take_layer_norm(weights, "visual.ln_pre", width, kEps);
    ln_post_ = take_layer_norm(weights, "visual.ln_post", width, kEps);
    projection_ = weights.take("visual.proj", {width, shape.dimension});
  }

  [[nodiscard]] std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs, Tracer* tracer) const override {
    check_shape(inputs[0]);
    const at::Tensor tokens = embed(inputs[0].to(options()), tracer);
    const at::Tensor first = at::zeros({tokens.size(0)}, tokens.options().dtype(at::kLong));
    const at::Tensor chosen = tracer == nullptr ? transformer_.forward_to(tokens, first, {})
                                                : choose(transformer_.forward(tokens, {}, tracer), first);
    const at::Tensor normed = ln_post_(chosen);
    const at::Tensor embeddings = at::matmul(normed, projection_).to(at::kFloat);
    if (tracer != nullptr) {
      tracer->see("visual.ln_post", normed);
      tracer->see("visual", embeddings);
    }
    return {embeddings};
  }

 private:
  at::Tensor embed(const at::Tensor& image, Tracer* tracer) const {
    at::Tensor patches = patches_(image);
    if (tracer != nullptr) {
      tracer->see("visual.conv1", patches.transpose(1, 2).unflatten(2, {shape_.grid, shape_.grid}));
    }
    const at::Tensor class_tokens = class_token_.expand({image.size(0), 1, -1});
    const at::Tensor tokens = ln_pre_(at::cat({class_tokens, patches.add_(positions_)}, 1));
    if (tracer != nullptr) tracer->see("visual.ln_pre", tokens);
    return tokens;
  }

  ClipVitShape shape_;
  Transformer transformer_;
  PatchEmbedding patches_;
  at::Tensor class_token_, positions_, projection_;
  LayerNorm ln_pre_, ln_post_;
};

}  // namespace

std::unique_ptr<Network> make_clip_vit(Weights weights) {
  const ClipVitShape shape = clip_vit_shape(weights);
  return build_tower<ClipVit>(weights, shape);
}

}  // namespace inference_exp::torch_backend
