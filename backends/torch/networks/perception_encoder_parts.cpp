#include "networks/perception_encoder_parts.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

namespace inference_exp::torch_backend {

namespace {

constexpr double kEps = 1e-5;
constexpr double kTheta = 10000;
const std::string kPooler = "visual.attn_pool.";

}  // namespace

AttentionPooler::AttentionPooler(Weights& weights, const PerceptionEncoderShape& shape) : heads_(shape.pooler_heads) {
  const std::int64_t width = shape.width;
  const at::Tensor probe = weights.take(kPooler + "probe", {1, 1, width});
  const at::Tensor weight = weights.take(kPooler + "attn.in_proj_weight", {3 * width, width});
  const at::Tensor bias = weights.take(kPooler + "attn.in_proj_bias", {3 * width});
  const std::int64_t head_width = width / heads_;
  query_ = (at::matmul(weight.slice(0, 0, width), probe.view({width})) + bias.slice(0, 0, width))
               .mul_(1 / std::sqrt(static_cast<double>(head_width)))
               .view({1, heads_, 1, head_width});
  key_value_ = {weight.slice(0, width).clone(), bias.slice(0, width).clone()};
  out_proj_ = take_linear(weights, kPooler + "attn.out_proj", width, width);
  norm_ = take_layer_norm(weights, kPooler + "layernorm", width, kEps);
  c_fc_ = take_linear(weights, kPooler + "mlp.c_fc", width, shape.pooler_mlp_width);
  c_proj_ = take_linear(weights, kPooler + "mlp.c_proj", shape.pooler_mlp_width, width);
}

at::Tensor AttentionPooler::operator()(const at::Tensor& tokens) const {
  const std::int64_t batch = tokens.size(0);
  const std::int64_t width = tokens.size(2);
  const at::Tensor kv =
      key_value_(tokens).view({batch, tokens.size(1), 2, heads_, width / heads_}).permute({2, 0, 3, 1, 4});
  const at::Tensor query = query_.expand({batch, -1, -1, -1});
  const at::Tensor pooled = out_proj_(attend(query, kv[0], kv[1]).reshape({batch, width}));
  return c_proj_(at::gelu(c_fc_(norm_(pooled)))).add_(pooled);
}

at::Tensor grid_turns(std::int64_t rows, std::int64_t columns, std::int64_t head_width, bool class_token,
                      at::Device device) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  const double first = class_token ? 1 : 0;
  const std::int64_t count = head_width / 4;  // pairs of one axis
  const at::Tensor frequency = 1 / at::pow(kTheta, at::arange(count, options) * (4 / static_cast<double>(head_width)));
  const auto angles = [&](std::int64_t places) {
    return (at::arange(places, options) + first).unsqueeze(1) * frequency;
  };
  const at::Tensor x = angles(columns).unsqueeze(0).expand({rows, columns, count});
  const at::Tensor y = angles(rows).unsqueeze(1).expand({rows, columns, count});
  at::Tensor angle = at::cat({x, y}, -1).flatten(0, 1);
  if (class_token) angle = at::cat({at::zeros({1, 2 * count}, options), angle});
  return at::view_as_complex(at::stack({angle.cos(), angle.sin()}, -1));
}

}  // namespace inference_exp::torch_backend
