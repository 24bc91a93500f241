// The stack of pre-norm residual attention blocks that CLIP and Perception Encoder have in both of their towers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "networks/layers.hpp"
#include "networks/network.hpp"

namespace inference_exp::torch_backend {

enum class Activation : std::uint8_t {
  quick_gelu,  ///< x * sigmoid(1.702 x)
  gelu         ///< with erf
};

struct TransformerShape {
  std::int64_t width = 0, layers = 0, heads = 0, mlp_width = 0;
  Activation activation = Activation::gelu;
};

/// Reads the shape from the tensors below `prefix` ("visual.transformer."). `heads` of 0: one for every 64 of the
/// width. Throws Failure (IEXP_ERROR_CORRUPTED_PACKAGE) where a tensor that tells a value is missing or no such stack
/// can be built.
[[nodiscard]] TransformerShape transformer_shape(const Weights& weights, const std::string& prefix,
                                                 Activation activation, std::int64_t heads);

/// What the attention of every layer has in common; undefined tensors are not used.
struct AttentionSetting {
  at::Tensor mask;   ///< of attend(), [tokens, tokens]
  at::Tensor turns;  ///< rotary position embedding (Su et al., 2021): by which complex number each pair of each query
                     ///< and key is multiplied, [tokens, head width / 2]
};

class Transformer {
 public:
  Transformer(Weights& weights, std::string prefix, const TransformerShape& shape);

  /// [B, tokens, width] to the same.
  [[nodiscard]] at::Tensor forward(at::Tensor tokens, const AttentionSetting& setting, Tracer* tracer) const;
  /// Of what forward gives, one token of each sequence, [B, width]: the last layer computes no other. `chosen` [B]
  /// tells which, as int64. Without rotation.
  [[nodiscard]] at::Tensor forward_to(at::Tensor tokens, const at::Tensor& chosen,
                                      const AttentionSetting& setting) const;

 private:
  struct Block {
    LayerNorm ln_1, ln_2;
    Linear qkv;  ///< query (scaled), key and value side by side
    Linear out_proj, c_fc, c_proj;
  };
  [[nodiscard]] Block take_block(Weights& weights, std::int64_t index) const;
  [[nodiscard]] at::Tensor split_heads(const at::Tensor& x, std::int64_t parts) const;
  [[nodiscard]] at::Tensor attention(const Block& block, const at::Tensor& normed,
                                     const AttentionSetting& setting) const;
  [[nodiscard]] at::Tensor feed_forward(const Block& block, const at::Tensor& tokens) const;
  [[nodiscard]] at::Tensor run_block(const Block& block, const at::Tensor& tokens,
                                     const AttentionSetting& setting) const;
  [[nodiscard]] at::Tensor run_last(const Block& block, const at::Tensor& tokens, const at::Tensor& chosen,
                                    const AttentionSetting& setting) const;

  std::string prefix_;
  TransformerShape shape_;
  std::vector<Block> blocks_;
};

/// One row of each sequence: [B, tokens, width] and [B] to [B, width].
[[nodiscard]] at::Tensor choose(const at::Tensor& tokens, const at::Tensor& chosen);

}  // namespace inference_exp::torch_backend
