#include "networks/dinov2.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace inference_exp::torch_backend {

namespace {

constexpr double kEps = 1e-6;
const std::string kPrefix = "backbone.0.encoder.encoder.";

}  // namespace

Dinov2::Dinov2(Weights& weights, const RfdetrShape& shape) : shape_(shape) {
  const std::int64_t width = shape.width;
  class_token_ = weights.take(kPrefix + "embeddings.cls_token", {1, 1, width});
  positions_ = weights.take(kPrefix + "embeddings.position_embeddings", {1, shape.grid * shape.grid + 1, width});
  const std::string projection = kPrefix + "embeddings.patch_embeddings.projection";
  patch_weight_ = weights.take(projection + ".weight", {width, 3, shape.patch, shape.patch});
  patch_bias_ = weights.take(projection + ".bias", {width});
  // What comes after the last feature has no effect on any output.
  for (std::int64_t i = 0; i < shape.stages.back(); ++i) layers_.push_back(take_layer(weights, i));
  norm_ = take_layer_norm(weights, kPrefix + "layernorm", width, kEps);
  const std::int64_t patches = shape.resolution / shape.patch;
  trained_positions_ = positions({patches, patches});
}

Dinov2::Layer Dinov2::take_layer(Weights& weights, std::int64_t index) const {
  const std::string prefix = kPrefix + "encoder.layer." + std::to_string(index) + ".";
  const std::int64_t width = shape_.width;
  const auto folded = [&](const Linear& linear, const std::string& scale) {
    const at::Tensor lambda = weights.take(prefix + scale + ".lambda1", {width});
    return Linear{linear.weight * lambda.unsqueeze(1), linear.bias * lambda};
  };
  const Linear query = take_linear(weights, prefix + "attention.attention.query", width, width);
  const Linear key = take_linear(weights, prefix + "attention.attention.key", width, width);
  const Linear value = take_linear(weights, prefix + "attention.attention.value", width, width);
  const double scale = 1 / std::sqrt(static_cast<double>(width / shape_.encoder_heads));
  Layer layer;
  layer.norm1 = take_layer_norm(weights, prefix + "norm1", width, kEps);
  layer.norm2 = take_layer_norm(weights, prefix + "norm2", width, kEps);
  layer.qkv = {at::cat({query.weight * scale, key.weight, value.weight}),
               at::cat({query.bias * scale, key.bias, value.bias})};
  layer.output = folded(take_linear(weights, prefix + "attention.output.dense", width, width), "layer_scale1");
  layer.fc1 = take_linear(weights, prefix + "mlp.fc1", width, shape_.mlp_width);
  layer.fc2 = folded(take_linear(weights, prefix + "mlp.fc2", shape_.mlp_width, width), "layer_scale2");
  return layer;
}

/// [1, rows * columns, width]. Antialiased bicubic: that kernel has a = -0.5 also where it enlarges.
at::Tensor Dinov2::positions(const Grid& grid) const {
  at::Tensor patches = positions_.slice(1, 1);
  if (grid.rows == shape_.grid && grid.columns == shape_.grid) return patches;
  const at::Tensor square =
      patches.reshape({1, shape_.grid, shape_.grid, shape_.width}).permute({0, 3, 1, 2}).contiguous().to(at::kFloat);
  return at::_upsample_bicubic2d_aa(square, {grid.rows, grid.columns}, false)
      .flatten(2)
      .transpose(1, 2)
      .to(positions_.scalar_type())
      .contiguous();
}

/// Tokens of all windows, [B * windows, 1 + patches of a window, width]: each window has a class token of its own.
at::Tensor Dinov2::embed(const at::Tensor& image, const Grid& grid, Tracer* tracer) const {
  const std::int64_t batch = image.size(0);
  const std::int64_t windows = shape_.num_windows;
  at::Tensor patches = at::conv2d(image, patch_weight_, patch_bias_, shape_.patch).flatten(2).transpose(1, 2);
  if (tracer != nullptr) tracer->see(kPrefix + "embeddings.patch_embeddings", patches);
  const bool as_trained = grid.rows * grid.columns == trained_positions_.size(1) && grid.rows == grid.columns;
  patches = patches + (as_trained ? trained_positions_ : positions(grid));
  patches = patches.reshape({batch, windows, grid.rows / windows, windows, grid.columns / windows, shape_.width})
                .permute({0, 1, 3, 2, 4, 5})
                .reshape({batch * windows * windows, -1, shape_.width});
  const at::Tensor class_tokens = (class_token_ + positions_.slice(1, 0, 1)).expand({patches.size(0), 1, shape_.width});
  at::Tensor tokens = at::cat({class_tokens, patches}, 1);
  if (tracer != nullptr) tracer->see(kPrefix + "embeddings", tokens);
  return tokens;
}

at::Tensor Dinov2::attention(const Layer& layer, const at::Tensor& tokens) const {
  const std::int64_t groups = tokens.size(0);
  const std::int64_t count = tokens.size(1);
  const std::int64_t heads = shape_.encoder_heads;
  const at::Tensor qkv =
      layer.qkv(tokens).view({groups, count, 3, heads, shape_.width / heads}).permute({2, 0, 3, 1, 4});
  return attend(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape({groups, count, shape_.width});
}

at::Tensor Dinov2::run_layer(const Layer& layer, const at::Tensor& tokens, bool across_windows) const {
  const std::int64_t windows = shape_.num_windows * shape_.num_windows;
  at::Tensor normed = layer.norm1(tokens);
  if (across_windows) normed = normed.view({tokens.size(0) / windows, tokens.size(1) * windows, shape_.width});
  at::Tensor sum = layer.output(attention(layer, normed)).view_as(tokens).add_(tokens);
  return layer.fc2(at::gelu(layer.fc1(layer.norm2(sum)))).add_(sum);
}

at::Tensor Dinov2::feature(const at::Tensor& tokens, const Grid& grid) const {
  const std::int64_t windows = shape_.num_windows;
  return norm_(tokens.slice(1, 1))
      .reshape({-1, windows, windows, grid.rows / windows, grid.columns / windows, shape_.width})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({-1, shape_.width, grid.rows, grid.columns});
}

std::vector<at::Tensor> Dinov2::forward(const at::Tensor& image, Tracer* tracer) const {
  const Grid grid{image.size(2) / shape_.patch, image.size(3) / shape_.patch};
  at::Tensor tokens = embed(image, grid, tracer);
  std::vector<at::Tensor> features;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    const bool across_windows = std::ranges::find(shape_.stages, number) != shape_.stages.end();
    tokens = run_layer(layers_[i], tokens, across_windows);
    if (tracer != nullptr) tracer->see(kPrefix + "encoder.layer." + std::to_string(i) + "[0]", tokens);
    if (std::ranges::find(shape_.stages, number + 1) == shape_.stages.end()) continue;
    features.push_back(feature(tokens, grid));
    if (tracer != nullptr) {
      tracer->see("backbone.0.encoder[" + std::to_string(features.size() - 1) + "]", features.back());
    }
  }
  return features;
}

}  // namespace inference_exp::torch_backend
