// The few layers that all networks share, as values: weights in, one call.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weights.hpp"

namespace inference_exp::torch_backend {

struct Linear {
  at::Tensor weight, bias;
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};
[[nodiscard]] Linear take_linear(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out);

/// Over the last axis.
struct LayerNorm {
  at::Tensor weight, bias;
  double eps = 1e-5;
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
  /// Over the channels of a picture [B, C, H, W].
  [[nodiscard]] at::Tensor over_channels(const at::Tensor& x) const;
};
[[nodiscard]] LayerNorm take_layer_norm(Weights& weights, const std::string& name, std::int64_t width, double eps);

/// Linear layers with ReLU between them.
struct Perceptron {
  std::vector<Linear> layers;
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};
/// `widths`: of the input, of each hidden layer, of the output.
[[nodiscard]] Perceptron take_perceptron(Weights& weights, const std::string& name,
                                         std::initializer_list<std::int64_t> widths);

/// A convolution whose stride is its kernel, over [B, 3, H, W], as one multiplication.
struct PatchEmbedding {
  at::Tensor weight;  ///< [width, 3 * patch * patch]
  std::int64_t patch = 0;
  /// [B, H / patch * W / patch, width]; H and W are multiples of patch.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& image) const;
};
/// `name` is the convolution's, which has no bias.
[[nodiscard]] PatchEmbedding take_patch_embedding(Weights& weights, const std::string& name, std::int64_t width,
                                                  std::int64_t patch);

/// softmax(q k^T + mask) v over [B, heads, tokens, head width]; `q` is scaled already. `mask`, where given, is
/// broadcast to [B, heads, queries, keys]: -infinity where a query must not look.
[[nodiscard]] at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                const at::Tensor& mask = {});

/// The mask [tokens, tokens] with which each token sees itself and those before it.
[[nodiscard]] at::Tensor causal_mask(std::int64_t tokens, const at::TensorOptions& options);

}  // namespace inference_exp::torch_backend
