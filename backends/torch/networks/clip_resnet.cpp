#include "networks/clip_resnet.hpp"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "common/failure.hpp"
#include "networks/clip_embedder.hpp"
#include "networks/layers.hpp"

namespace inference_exp::torch_backend {

namespace {

constexpr double kEps = 1e-5;
constexpr std::size_t kStages = 4;
constexpr std::int64_t kShrinks = 32;    // of the picture, from the input to the pooling
constexpr std::int64_t kExpansion = 4;   // of the channels, by a block's last convolution
constexpr std::int64_t kHeadWidth = 64;  // of the pooling
constexpr std::int64_t kMaxWidth = 1 << 14;
constexpr std::int64_t kMaxGrid = 128;
constexpr std::int64_t kMaxBlocks = 1024;
constexpr std::int64_t kMaxDimension = 1 << 16;

struct ClipResnetShape {
  std::int64_t width = 0;  ///< channels of the first stage
  std::array<std::int64_t, kStages> blocks{};
  std::int64_t grid = 0, dimension = 0;
  [[nodiscard]] std::int64_t pooled_width() const { return (width << (kStages - 1)) * kExpansion; }
};

std::string stage_name(std::size_t index) { return "visual.layer" + std::to_string(index + 1); }

ClipResnetShape clip_resnet_shape(const Weights& weights) {
  ClipResnetShape shape;
  shape.width = weights.dim("visual.layer1.0.conv1.weight", 0);
  shape.grid = square_side(weights.dim("visual.attnpool.positional_embedding", 0) - 1);
  shape.dimension = weights.dim("visual.attnpool.c_proj.weight", 0);
  check_range("width", shape.width, kMaxWidth);
  check_range("pooling grid", shape.grid, kMaxGrid);
  check_range("dimension", shape.dimension, kMaxDimension);
  if (shape.pooled_width() % kHeadWidth != 0) {
    throw backend::Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                           "No network of this kind has the odd width " + std::to_string(shape.width) + ".",
                           "The file holds another model or an unknown size of it.");
  }
  for (std::size_t i = 0; i < kStages; ++i) {
    shape.blocks[i] = weights.count(stage_name(i) + ".", ".conv1.weight");
    check_range("number of blocks", shape.blocks[i], kMaxBlocks);
  }
  return shape;
}

/// A convolution with the batch norm that follows it.
struct Convolution {
  at::Tensor weight, bias;
  std::int64_t stride = 1, padding = 0;
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    return at::conv2d(x, weight, bias, stride, padding);
  }
};

struct ConvolutionNames {
  std::string convolution, norm;
};

Convolution take_convolution(Weights& weights, const ConvolutionNames& names, std::int64_t in, std::int64_t out,
                             std::int64_t kernel, std::int64_t stride = 1) {
  const auto wide = [&](const char* part) { return weights.take(names.norm + part, {out}).to(at::kFloat); };
  const at::Tensor weight = weights.take(names.convolution + ".weight", {out, in, kernel, kernel});
  const at::Tensor gain = wide(".weight");
  const at::Tensor offset = wide(".bias");
  const at::Tensor mean = wide(".running_mean");
  const at::Tensor scale = gain / at::sqrt(wide(".running_var") + kEps);
  return {(weight.to(at::kFloat) * scale.view({out, 1, 1, 1})).to(weight.scalar_type()),
          (offset - mean * scale).to(weight.scalar_type()), stride, kernel / 2};
}

Convolution take_numbered(Weights& weights, const std::string& prefix, int number, std::int64_t in, std::int64_t out,
                          std::int64_t kernel, std::int64_t stride = 1) {
  const std::string digit = std::to_string(number);
  return take_convolution(weights, {prefix + "conv" + digit, prefix + "bn" + digit}, in, out, kernel, stride);
}

struct Bottleneck {
  Convolution narrow, spatial, widen;
  std::optional<Convolution> shortcut;
  std::int64_t stride = 1;

  [[nodiscard]] at::Tensor shrunk(const at::Tensor& x) const { return stride > 1 ? at::avg_pool2d(x, stride) : x; }
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    at::Tensor y = spatial(narrow(x).relu_()).relu_();
    y = widen(shrunk(y));
    return y.add_(shortcut ? (*shortcut)(shrunk(x)) : x).relu_();
  }
};

Bottleneck take_bottleneck(Weights& weights, const std::string& prefix, std::int64_t in, std::int64_t narrow,
                           std::int64_t stride) {
  const std::int64_t out = narrow * kExpansion;
  Bottleneck block;
  block.narrow = take_numbered(weights, prefix, 1, in, narrow, 1);
  block.spatial = take_numbered(weights, prefix, 2, narrow, narrow, 3);
  block.widen = take_numbered(weights, prefix, 3, narrow, out, 1);
  block.stride = stride;
  if (stride > 1 || in != out) {
    block.shortcut = take_convolution(weights, {prefix + "downsample.0", prefix + "downsample.1"}, in, out, 1);
  }
  return block;
}

/// Attention in which only the mean of all places asks.
struct AttentionPool {
  at::Tensor positions;
  Linear query, key_value, output;
  std::int64_t heads = 0;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor places = x.flatten(2).transpose(1, 2);
    const at::Tensor tokens = at::cat({places.mean(1, true), places}, 1) + positions;
    const std::int64_t batch = tokens.size(0);
    const std::int64_t width = tokens.size(2);
    const at::Tensor q = query(tokens.slice(1, 0, 1)).view({batch, 1, heads, -1}).transpose(1, 2);
    const at::Tensor kv =
        key_value(tokens).view({batch, tokens.size(1), 2, heads, width / heads}).permute({2, 0, 3, 1, 4});
    return output(attend(q, kv[0], kv[1]).reshape({batch, width}));
  }
};

AttentionPool take_pool(Weights& weights, const ClipResnetShape& shape) {
  const std::string name = "visual.attnpool.";
  const std::int64_t width = shape.pooled_width();
  AttentionPool pool;
  pool.heads = width / kHeadWidth;
  pool.positions = weights.take(name + "positional_embedding", {shape.grid * shape.grid + 1, width});
  pool.query = take_linear(weights, name + "q_proj", width, width);
  const double scale = 1 / std::sqrt(static_cast<double>(width / pool.heads));
  pool.query.weight.mul_(scale);
  pool.query.bias.mul_(scale);
  const Linear key = take_linear(weights, name + "k_proj", width, width);
  const Linear value = take_linear(weights, name + "v_proj", width, width);
  pool.key_value = {at::cat({key.weight, value.weight}), at::cat({key.bias, value.bias})};
  pool.output = take_linear(weights, name + "c_proj", width, shape.dimension);
  return pool;
}

class ClipResnet final : public Embedder {
 public:
  ClipResnet(Weights& weights, const ClipResnetShape& shape)
      : Embedder(weights, {"image", at::kFloat, {-1, 3, shape.grid * kShrinks, shape.grid * kShrinks}}, shape.dimension,
                 {{"resolution", std::to_string(shape.grid * kShrinks)}}) {
    const std::string prefix = "visual.";
    start_ = {take_numbered(weights, prefix, 1, 3, shape.width / 2, 3, 2),
              take_numbered(weights, prefix, 2, shape.width / 2, shape.width / 2, 3),
              take_numbered(weights, prefix, 3, shape.width / 2, shape.width, 3)};
    std::int64_t in = shape.width;
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      const std::int64_t narrow = shape.width << stage;
      for (std::int64_t i = 0; i < shape.blocks[stage]; ++i) {
        const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
        stages_[stage].push_back(
            take_bottleneck(weights, stage_name(stage) + "." + std::to_string(i) + ".", in, narrow, stride));
        in = narrow * kExpansion;
      }
    }
    pool_ = take_pool(weights, shape);
  }

  [[nodiscard]] std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs, Tracer* tracer) const override {
    check_shape(inputs[0]);
    const auto see = [&](const std::string& name, const at::Tensor& output) {
      if (tracer != nullptr) tracer->see(name, output);
    };
    at::Tensor x = inputs[0].to(options());
    for (const Convolution& convolution : start_) x = convolution(x).relu_();
    see("visual.relu3", x);
    x = at::avg_pool2d(x, 2);
    see("visual.avgpool", x);
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      for (std::size_t i = 0; i < stages_[stage].size(); ++i) {
        x = stages_[stage][i](x);
        if (stage == 0 && i == 0) see("visual.layer1.0", x);
      }
      see(stage_name(stage), x);
    }
    const at::Tensor embeddings = pool_(x).to(at::kFloat);
    see("visual.attnpool", embeddings);
    return {embeddings};
  }

 private:
  std::array<Convolution, 3> start_;
  std::array<std::vector<Bottleneck>, kStages> stages_;
  AttentionPool pool_;
};

}  // namespace

std::unique_ptr<Network> make_clip_resnet(Weights weights) {
  const ClipResnetShape shape = clip_resnet_shape(weights);
  return build_tower<ClipResnet>(weights, shape);
}

}  // namespace inference_exp::torch_backend
