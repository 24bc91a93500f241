// The parts that a Perception Encoder has beside its transformer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "networks/layers.hpp"
#include "networks/perception_encoder.hpp"

namespace inference_exp::torch_backend {

/// Attention in which one learnt query asks, and a perceptron after it.
class AttentionPooler {
 public:
  AttentionPooler(Weights& weights, const PerceptionEncoderShape& shape);
  /// [B, tokens, width] to [B, width].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& tokens) const;

 private:
  std::int64_t heads_;
  at::Tensor query_;  ///< the probe as it asks, scaled, [1, heads, 1, head width]
  Linear key_value_, out_proj_, c_fc_, c_proj_;
  LayerNorm norm_;
};

/// The rotary position embedding of a grid (Su et al., 2021, in two dimensions): for each token the complex numbers of
/// AttentionSetting, x in the first half and y in the second, [tokens, head width / 2]. With a class token, which is
/// not turned, places count from 1.
[[nodiscard]] at::Tensor grid_turns(std::int64_t rows, std::int64_t columns, std::int64_t head_width, bool class_token,
                                    at::Device device);

}  // namespace inference_exp::torch_backend
