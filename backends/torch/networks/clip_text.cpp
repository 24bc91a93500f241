#include "networks/clip_text.hpp"

#include <ATen/ATen.h>

#include "common/failure.hpp"
#include "networks/clip_embedder.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr double kEps = 1e-5;
constexpr std::int64_t kMaxContext = 4096;
constexpr std::int64_t kMaxVocabulary = 1 << 24;
constexpr std::int64_t kMaxDimension = 1 << 16;

class ClipText final : public Embedder {
 public:
  ClipText(Weights& weights, const ClipTextShape& shape)
      : Embedder(weights, {"tokens", at::kInt, {-1, shape.context_length}}, shape.dimension,
                 {{"context_length", std::to_string(shape.context_length)}}),
        shape_(shape),
        mask_(causal_mask(shape.context_length, options())),
        transformer_(weights, "transformer.", shape.transformer) {
    const std::int64_t width = shape.transformer.width;
    token_embedding_ = weights.take("token_embedding.weight", {shape.vocabulary, width});
    positions_ = weights.take("positional_embedding", {shape.context_length, width});
    norm_ = take_layer_norm(weights, "ln_final", width, kEps);
    projection_ = weights.take("text_projection", {width, shape.dimension});
  }

  [[nodiscard]] std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs, Tracer* tracer) const override {
    check_shape(inputs[0]);
    const at::Tensor ends = inputs[0].argmax(-1);
    const std::int64_t used = check_ids(inputs[0], ends) + 1;
    const at::Tensor pooled =
        tracer == nullptr ? run(inputs[0].slice(1, 0, used), ends) : run_traced(inputs[0], ends, *tracer);
    const at::Tensor embeddings = at::matmul(pooled, projection_);
    return {shape_.unit_length ? unit_length(embeddings) : embeddings.to(at::kFloat)};
  }

 private:
  /// The last position that a text ends at.
  std::int64_t check_ids(const at::Tensor& tokens, const at::Tensor& ends) const {
    // One transfer from the device.
    const at::Tensor facts = at::stack({tokens.min().to(at::kLong), tokens.max().to(at::kLong), ends.max()}).cpu();
    const auto* values = facts.data_ptr<std::int64_t>();
    if (values[0] >= 0 && values[1] < shape_.vocabulary) return values[2];
    throw Failure(
        IEXP_ERROR_MODEL_RUNTIME,
        "The token id " + std::to_string(values[0] < 0 ? values[0] : values[1]) + " is not in the vocabulary.",
        "Ids go from 0 to " + std::to_string(shape_.vocabulary - 1) + "; use the tokenizer of this model.");
  }

  at::Tensor embed(const at::Tensor& tokens) const { return at::embedding(token_embedding_, tokens); }

  /// Each token sees only those before it, so none after the last end can tell.
  at::Tensor run(const at::Tensor& tokens, const at::Tensor& ends) const {
    const std::int64_t used = tokens.size(1);
    const at::Tensor mask = mask_.slice(0, 0, used).slice(1, 0, used);
    return norm_(transformer_.forward_to(embed(tokens).add_(positions_.slice(0, 0, used)), ends, {mask, {}}));
  }

  at::Tensor run_traced(const at::Tensor& tokens, const at::Tensor& ends, Tracer& tracer) const {
    const at::Tensor embedded = embed(tokens);
    tracer.see("token_embedding", embedded);
    const at::Tensor normed = norm_(transformer_.forward(embedded + positions_, {mask_, {}}, &tracer));
    tracer.see("ln_final", normed);
    return choose(normed, ends);
  }

  ClipTextShape shape_;
  at::Tensor mask_;
  Transformer transformer_;
  at::Tensor token_embedding_, positions_, projection_;
  LayerNorm norm_;
};

}  // namespace

ClipTextShape clip_text_shape(const Weights& weights, Activation activation, std::int64_t heads) {
  if (!weights.has("token_embedding.weight")) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                  "This checkpoint has no text tower: \"token_embedding.weight\" is missing.",
                  "Open it for images, or get the checkpoint that has both towers.");
  }
  ClipTextShape shape;
  shape.transformer = transformer_shape(weights, "transformer.", activation, heads);
  shape.context_length = weights.dim("positional_embedding", 0);
  shape.vocabulary = weights.dim("token_embedding.weight", 0);
  shape.dimension = weights.dim("text_projection", 1);
  check_range("context length", shape.context_length, kMaxContext);
  check_range("vocabulary", shape.vocabulary, kMaxVocabulary);
  check_range("dimension", shape.dimension, kMaxDimension);
  return shape;
}

std::unique_ptr<Network> make_clip_text(Weights weights, const ClipTextShape& shape) {
  return build_tower<ClipText>(weights, shape);
}

}  // namespace inference_exp::torch_backend
