#include "networks/rfdetr_decoder.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <string>

namespace inference_exp::torch_backend {

namespace {

constexpr double kEps = 1e-5;
const std::string kPrefix = "transformer.decoder.";

/// Sines and cosines of one coordinate [B, Q], interleaved: [B, Q, number of frequencies].
at::Tensor waves(const at::Tensor& coordinate, const at::Tensor& frequencies) {
  const at::Tensor angle = coordinate.unsqueeze(-1) * (2 * std::numbers::pi) / frequencies;
  return at::stack({angle.slice(2, 0, c10::nullopt, 2).sin(), angle.slice(2, 1, c10::nullopt, 2).cos()}, 3).flatten(2);
}

}  // namespace

at::Tensor move_boxes(const at::Tensor& offset, const at::Tensor& boxes) {
  const at::Tensor size = boxes.slice(-1, 2, 4);
  return at::cat({offset.slice(-1, 0, 2) * size + boxes.slice(-1, 0, 2), offset.slice(-1, 2, 4).exp() * size}, -1);
}

RfdetrDecoder::RfdetrDecoder(Weights& weights, const RfdetrShape& shape) : shape_(shape) {
  const std::int64_t hidden = shape.hidden;
  for (std::int64_t i = 0; i < shape.decoder_layers; ++i) layers_.push_back(take_layer(weights, i));
  norm_ = take_layer_norm(weights, kPrefix + "norm", hidden, kEps);
  place_head_ = take_perceptron(weights, kPrefix + "ref_point_head", {2 * hidden, hidden, hidden});
  const std::int64_t count = hidden / 2;
  const at::Tensor index = at::arange(count, at::TensorOptions().dtype(at::kFloat));
  frequencies_ = at::pow(10000, 2 * at::floor_divide(index, 2) / static_cast<double>(count))
                     .to(weights.placement().device, weights.placement().dtype);
}

RfdetrDecoder::Layer RfdetrDecoder::take_layer(Weights& weights, std::int64_t index) const {
  const std::string prefix = kPrefix + "layers." + std::to_string(index) + ".";
  const std::int64_t hidden = shape_.hidden;
  const std::int64_t points =
      shape_.cross_heads * static_cast<std::int64_t>(shape_.level_scales.size()) * shape_.points;
  const at::Tensor in_weight = weights.take(prefix + "self_attn.in_proj_weight", {3 * hidden, hidden});
  const at::Tensor in_bias = weights.take(prefix + "self_attn.in_proj_bias", {3 * hidden});
  const double scale = 1 / std::sqrt(static_cast<double>(hidden / shape_.self_heads));
  in_weight.slice(0, 0, hidden).mul_(scale);
  in_bias.slice(0, 0, hidden).mul_(scale);
  Layer layer;
  layer.qk = {in_weight.slice(0, 0, 2 * hidden), in_bias.slice(0, 0, 2 * hidden)};
  layer.value = {in_weight.slice(0, 2 * hidden), in_bias.slice(0, 2 * hidden)};
  layer.attended = take_linear(weights, prefix + "self_attn.out_proj", hidden, hidden);
  layer.offsets = take_linear(weights, prefix + "cross_attn.sampling_offsets", hidden, 2 * points);
  layer.point_weights = take_linear(weights, prefix + "cross_attn.attention_weights", hidden, points);
  layer.memory_value = take_linear(weights, prefix + "cross_attn.value_proj", hidden, hidden);
  layer.looked_up = take_linear(weights, prefix + "cross_attn.output_proj", hidden, hidden);
  layer.feed1 = take_linear(weights, prefix + "linear1", hidden, shape_.feed_forward);
  layer.feed2 = take_linear(weights, prefix + "linear2", shape_.feed_forward, hidden);
  layer.norm1 = take_layer_norm(weights, prefix + "norm1", hidden, kEps);
  layer.norm2 = take_layer_norm(weights, prefix + "norm2", hidden, kEps);
  layer.norm3 = take_layer_norm(weights, prefix + "norm3", hidden, kEps);
  return layer;
}

at::Tensor RfdetrDecoder::self_attention(const Layer& layer, const at::Tensor& queries,
                                         const at::Tensor& places) const {
  const std::int64_t batch = queries.size(0);
  const std::int64_t count = queries.size(1);
  const std::int64_t heads = shape_.self_heads;
  const std::int64_t head_width = shape_.hidden / heads;
  const at::Tensor qk = layer.qk(queries + places).view({batch, count, 2, heads, head_width}).permute({2, 0, 3, 1, 4});
  const at::Tensor value = layer.value(queries).view({batch, count, heads, head_width}).transpose(1, 2);
  return layer.attended(attend(qk[0], qk[1], value).transpose(1, 2).reshape({batch, count, shape_.hidden}));
}

at::Tensor RfdetrDecoder::cross_attention(const Layer& layer, const std::string& name, const at::Tensor& queries,
                                          const at::Tensor& boxes, const Memory& memory, Tracer* tracer) const {
  const std::int64_t batch = queries.size(0);
  const std::int64_t count = queries.size(1);
  const std::int64_t heads = shape_.cross_heads;
  const std::int64_t points = shape_.points;
  const auto levels = static_cast<std::int64_t>(memory.sizes.size());
  const std::int64_t head_width = shape_.hidden / heads;

  const at::Tensor flat_offsets = layer.offsets(queries);
  if (tracer != nullptr) tracer->see(name + ".sampling_offsets", flat_offsets);
  const at::Tensor offsets = flat_offsets.view({batch, count, heads, levels, points, 2});
  const at::Tensor point_weights = at::softmax(layer.point_weights(queries).view({batch, count, heads, -1}), -1)
                                       .transpose(1, 2)
                                       .reshape({batch * heads, 1, count, levels * points});
  const at::Tensor reference = boxes.view({batch, count, 1, 1, 1, 4});
  const at::Tensor places =
      reference.slice(-1, 0, 2) + offsets / static_cast<double>(points) * reference.slice(-1, 2, 4) * 0.5;
  const at::Tensor grids = (2 * places - 1).transpose(1, 2).flatten(0, 1);  // [B * heads, Q, levels, points, 2]

  const at::Tensor values = layer.memory_value(memory.tokens).view({batch, -1, heads, head_width});
  std::vector<at::Tensor> sampled;
  std::int64_t start = 0;
  for (std::int64_t level = 0; level < levels; ++level) {
    const auto [rows, columns] = memory.sizes[static_cast<std::size_t>(level)];
    const at::Tensor picture = values.slice(1, start, start + rows * columns)
                                   .permute({0, 2, 3, 1})
                                   .reshape({batch * heads, head_width, rows, columns});
    sampled.push_back(at::grid_sampler(picture, grids.select(2, level), 0, 0, false));  // bilinear, zeros outside
    start += rows * columns;
  }
  const at::Tensor seen = levels == 1 ? sampled[0] : at::cat(sampled, -1);  // [B * heads, width, Q, levels * points]
  const at::Tensor mixed =
      (seen * point_weights).sum(-1).view({batch, shape_.hidden, count}).transpose(1, 2).contiguous();
  at::Tensor output = layer.looked_up(mixed);
  if (tracer != nullptr) tracer->see(name, output);
  return output;
}

at::Tensor RfdetrDecoder::forward(const at::Tensor& queries, const at::Tensor& boxes, const Memory& memory,
                                  Tracer* tracer) const {
  std::vector<at::Tensor> coordinate_waves;
  for (const std::int64_t axis : {1, 0, 2, 3}) {  // y before x, as trained
    coordinate_waves.push_back(waves(boxes.select(-1, axis), frequencies_));
  }
  const at::Tensor places = place_head_(at::cat(coordinate_waves, 2));
  if (tracer != nullptr) tracer->see(kPrefix + "ref_point_head", places);

  at::Tensor x = queries;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::string name = kPrefix + "layers." + std::to_string(i);
    const at::Tensor attended = self_attention(layer, x, places);
    if (tracer != nullptr) tracer->see(name + ".self_attn[0]", attended);
    x = layer.norm1(x + attended);
    if (tracer != nullptr) tracer->see(name + ".norm1", x);
    x = layer.norm2(x + cross_attention(layer, name + ".cross_attn", x + places, boxes, memory, tracer));
    if (tracer != nullptr) tracer->see(name + ".norm2", x);
    x = layer.norm3(layer.feed2(layer.feed1(x).relu_()).add_(x));
    if (tracer != nullptr) tracer->see(name, x);
  }
  return norm_(x);
}

}  // namespace inference_exp::torch_backend
