#include "networks/rfdetr_projector.hpp"

#include <ATen/ATen.h>

namespace inference_exp::torch_backend {

namespace {

constexpr double kEps = 1e-6;
const std::string kPrefix = "backbone.0.projector.";

}  // namespace

at::Tensor RfdetrProjector::ConvNorm::operator()(const at::Tensor& x) const {
  const std::int64_t padding = weight.size(2) / 2;
  at::Tensor y = norm.over_channels(at::conv2d(x, weight, {}, stride, padding));
  return silu ? at::silu_(y) : y.relu_();
}

at::Tensor RfdetrProjector::Sampling::operator()(const at::Tensor& x) const {
  if (enlarge) return at::conv_transpose2d(x, enlarge->weight, enlarge->bias, 2);
  if (shrink) return (*shrink)(x);
  return x;
}

RfdetrProjector::ConvNorm RfdetrProjector::take_conv(Weights& weights, const std::string& name, std::int64_t in,
                                                     std::int64_t out, std::int64_t kernel) {
  return {weights.take(name + ".conv.weight", {out, in, kernel, kernel}).contiguous(at::MemoryFormat::ChannelsLast),
          take_layer_norm(weights, name + ".bn", out, kEps)};
}

RfdetrProjector::Level RfdetrProjector::take_level(Weights& weights, const RfdetrShape& shape, std::size_t index) {
  const std::string number = std::to_string(index);
  const double scale = shape.level_scales[index];
  const std::int64_t width = shape.width;
  Level level;
  for (std::size_t i = 0; i < shape.stages.size(); ++i) {
    const std::string name = kPrefix + "stages_sampling." + number + "." + std::to_string(i) + ".0";
    Sampling sampling;
    if (scale == 2) {
      sampling.enlarge = {weights.take(name + ".weight", {width, width / 2, 2, 2}),
                          weights.take(name + ".bias", {width / 2})};
    } else if (scale == 0.5) {
      sampling.shrink = take_conv(weights, name, width, width, 3);
      sampling.shrink->stride = 2;
      sampling.shrink->silu = false;
    }
    level.samplings.push_back(std::move(sampling));
  }
  const std::string stage = kPrefix + "stages." + number + ".";
  const std::int64_t per_feature = scale == 2 ? width / 2 : width;
  const std::int64_t half = shape.hidden / 2;
  const std::int64_t blocks = weights.count(stage + "0.m.", ".cv1.conv.weight");
  level.enter = take_conv(weights, stage + "0.cv1", per_feature * static_cast<std::int64_t>(shape.stages.size()),
                          shape.hidden, 1);
  level.leave = take_conv(weights, stage + "0.cv2", (2 + blocks) * half, shape.hidden, 1);
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::string block = stage + "0.m." + std::to_string(i);
    level.bottlenecks.emplace_back(take_conv(weights, block + ".cv1", half, half, 3),
                                   take_conv(weights, block + ".cv2", half, half, 3));
  }
  level.norm = take_layer_norm(weights, stage + "1", shape.hidden, kEps);
  return level;
}

RfdetrProjector::RfdetrProjector(Weights& weights, const RfdetrShape& shape) {
  for (std::size_t i = 0; i < shape.level_scales.size(); ++i) levels_.push_back(take_level(weights, shape, i));
}

at::Tensor RfdetrProjector::run_level(const Level& level, const std::string& name,
                                      const std::vector<at::Tensor>& features, Tracer* tracer) {
  std::vector<at::Tensor> sampled;
  for (std::size_t i = 0; i < features.size(); ++i) {
    sampled.push_back(level.samplings[i](features[i]));
    const bool changed = level.samplings[i].enlarge || level.samplings[i].shrink;
    if (tracer != nullptr && changed) {
      tracer->see(kPrefix + "stages_sampling." + name + "." + std::to_string(i), sampled.back());
    }
  }
  const std::string stage = kPrefix + "stages." + name;
  const at::Tensor entered = level.enter(at::cat(sampled, 1).contiguous(at::MemoryFormat::ChannelsLast));
  if (tracer != nullptr) tracer->see(stage + ".0.cv1", entered);
  std::vector<at::Tensor> parts = at::chunk(entered, 2, 1);
  for (std::size_t i = 0; i < level.bottlenecks.size(); ++i) {
    parts.push_back(level.bottlenecks[i].second(level.bottlenecks[i].first(parts.back())));
    if (tracer != nullptr && i == 0) tracer->see(stage + ".0.m.0", parts.back());
  }
  const at::Tensor left = level.leave(at::cat(parts, 1));
  if (tracer != nullptr) tracer->see(stage + ".0", left);
  at::Tensor normed = level.norm.over_channels(left);
  if (tracer != nullptr) tracer->see(stage, normed);
  return normed;
}

std::vector<at::Tensor> RfdetrProjector::forward(const std::vector<at::Tensor>& features, Tracer* tracer) const {
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    outputs.push_back(run_level(levels_[i], std::to_string(i), features, tracer));
  }
  return outputs;
}

}  // namespace inference_exp::torch_backend
