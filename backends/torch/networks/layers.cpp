#include "networks/layers.hpp"

#include <ATen/ATen.h>

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

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::matmul(at::softmax(at::matmul(q, k.transpose(-2, -1)), -1), v);
}

}  // namespace inference_exp::torch_backend
