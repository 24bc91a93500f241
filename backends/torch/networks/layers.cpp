#include "networks/layers.hpp"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <limits>

namespace inference_exp::torch_backend {

at::Tensor Linear::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

Linear take_linear(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out) {
  return {weights.take(name + ".weight", {out, in}), weights.take(name + ".bias", {out})};
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {weight.size(0)}, weight, bias, eps);
}

at::Tensor LayerNorm::over_channels(const at::Tensor& x) const {
  return (*this)(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

LayerNorm take_layer_norm(Weights& weights, const std::string& name, std::int64_t width, double eps) {
  return {weights.take(name + ".weight", {width}), weights.take(name + ".bias", {width}), eps};
}

at::Tensor Perceptron::operator()(const at::Tensor& x) const {
  at::Tensor value = x;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    value = layers[i](value);
    if (i + 1 < layers.size()) value.relu_();
  }
  return value;
}

Perceptron take_perceptron(Weights& weights, const std::string& name, std::initializer_list<std::int64_t> widths) {
  Perceptron perceptron;
  const std::vector<std::int64_t> width(widths);
  for (std::size_t i = 0; i + 1 < width.size(); ++i) {
    perceptron.layers.push_back(take_linear(weights, name + ".layers." + std::to_string(i), width[i], width[i + 1]));
  }
  return perceptron;
}

at::Tensor PatchEmbedding::operator()(const at::Tensor& image) const {
  const std::int64_t rows = image.size(2) / patch;
  const std::int64_t columns = image.size(3) / patch;
  const at::Tensor patches = image.reshape({image.size(0), 3, rows, patch, columns, patch})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({image.size(0), rows * columns, 3 * patch * patch});
  return at::linear(patches, weight);
}

PatchEmbedding take_patch_embedding(Weights& weights, const std::string& name, std::int64_t width, std::int64_t patch) {
  return {weights.take(name + ".weight", {width, 3, patch, patch}).flatten(1), patch};
}

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
  // Which type an optional is differs between versions: neither is named.
  if (!mask.defined()) return at::scaled_dot_product_attention(q, k, v, {}, 0.0, false, 1.0);
  return at::scaled_dot_product_attention(q, k, v, mask, 0.0, false, 1.0);
#else
  at::Tensor scores = at::matmul(q, k.transpose(-2, -1));
  if (mask.defined()) scores.add_(mask);
  return at::matmul(at::softmax(scores, -1), v);
#endif
}

at::Tensor causal_mask(std::int64_t tokens, const at::TensorOptions& options) {
  return at::full({tokens, tokens}, -std::numeric_limits<float>::infinity(), options).triu(1);
}

}  // namespace inference_exp::torch_backend
