#include "networks/transformer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr double kEps = 1e-5;
constexpr double kQuickGelu = 1.702;
constexpr std::int64_t kHeadWidth = 64;
// Wide of what was ever published; what lies beyond would only make arithmetic overflow.
constexpr std::int64_t kMaxWidth = 1 << 20;

at::Tensor turned(const at::Tensor& x, const at::Tensor& turns) {
  std::vector<std::int64_t> pairs = x.sizes().vec();
  pairs.back() /= 2;
  pairs.push_back(2);
  const at::Tensor numbers = at::view_as_complex(x.to(at::kFloat).view(pairs));
  return at::view_as_real(numbers * turns).flatten(-2).to(x.scalar_type());
}

}  // namespace

TransformerShape transformer_shape(const Weights& weights, const std::string& prefix, Activation activation,
                                   std::int64_t heads) {
  TransformerShape shape;
  const std::string blocks = prefix + "resblocks.";
  shape.activation = activation;
  shape.width = weights.dim(blocks + "0.ln_1.weight", 0);
  shape.mlp_width = weights.dim(blocks + "0.mlp.c_fc.weight", 0);
  shape.layers = weights.count(blocks, ".ln_1.weight");
  shape.heads = heads > 0 ? heads : std::max<std::int64_t>(shape.width / kHeadWidth, 1);
  if (shape.width > kMaxWidth || shape.mlp_width > kMaxWidth || shape.width % shape.heads != 0) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                  "No transformer can be built of width " + std::to_string(shape.width) + " with " +
                      std::to_string(shape.heads) + " heads and " + std::to_string(shape.mlp_width) +
                      " hidden values (\"" + prefix + "\").",
                  "The file holds another model or an unknown size of it.");
  }
  return shape;
}

Transformer::Transformer(Weights& weights, std::string prefix, const TransformerShape& shape)
    : prefix_(std::move(prefix)), shape_(shape) {
  for (std::int64_t i = 0; i < shape.layers; ++i) blocks_.push_back(take_block(weights, i));
}

Transformer::Block Transformer::take_block(Weights& weights, std::int64_t index) const {
  const std::string name = prefix_ + "resblocks." + std::to_string(index) + ".";
  const std::int64_t width = shape_.width;
  Block block;
  block.ln_1 = take_layer_norm(weights, name + "ln_1", width, kEps);
  block.ln_2 = take_layer_norm(weights, name + "ln_2", width, kEps);
  block.qkv = {weights.take(name + "attn.in_proj_weight", {3 * width, width}),
               weights.take(name + "attn.in_proj_bias", {3 * width})};
  const double scale = 1 / std::sqrt(static_cast<double>(width / shape_.heads));
  block.qkv.weight.slice(0, 0, width).mul_(scale);
  block.qkv.bias.slice(0, 0, width).mul_(scale);
  block.out_proj = take_linear(weights, name + "attn.out_proj", width, width);
  block.c_fc = take_linear(weights, name + "mlp.c_fc", width, shape_.mlp_width);
  block.c_proj = take_linear(weights, name + "mlp.c_proj", shape_.mlp_width, width);
  if (shape_.activation == Activation::quick_gelu) {
    // x sigmoid(a x) = silu(a x) / a: with both factors in the weights it is one pass.
    block.c_fc.weight.mul_(kQuickGelu);
    block.c_fc.bias.mul_(kQuickGelu);
    block.c_proj.weight.div_(kQuickGelu);
  }
  return block;
}

/// [B, tokens, parts * width] to [parts, B, heads, tokens, head width].
at::Tensor Transformer::split_heads(const at::Tensor& x, std::int64_t parts) const {
  return x.view({x.size(0), x.size(1), parts, shape_.heads, shape_.width / shape_.heads}).permute({2, 0, 3, 1, 4});
}

at::Tensor Transformer::attention(const Block& block, const at::Tensor& normed, const AttentionSetting& setting) const {
  const at::Tensor qkv = split_heads(block.qkv(normed), 3);
  const at::Tensor qk = setting.turns.defined() ? turned(qkv.slice(0, 0, 2), setting.turns) : qkv;
  return attend(qk[0], qk[1], qkv[2], setting.mask).transpose(1, 2).reshape(normed.sizes());
}

at::Tensor Transformer::feed_forward(const Block& block, const at::Tensor& tokens) const {
  at::Tensor hidden = block.c_fc(block.ln_2(tokens));
  hidden = shape_.activation == Activation::quick_gelu ? at::silu_(hidden) : at::gelu(hidden);
  return block.c_proj(hidden);
}

at::Tensor Transformer::run_block(const Block& block, const at::Tensor& tokens, const AttentionSetting& setting) const {
  const at::Tensor sum = block.out_proj(attention(block, block.ln_1(tokens), setting)).add_(tokens);
  return feed_forward(block, sum).add_(sum);
}

at::Tensor Transformer::forward(at::Tensor tokens, const AttentionSetting& setting, Tracer* tracer) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    tokens = run_block(blocks_[i], tokens, setting);
    if (tracer != nullptr) tracer->see(prefix_ + "resblocks." + std::to_string(i), tokens);
  }
  return tokens;
}

at::Tensor Transformer::run_last(const Block& block, const at::Tensor& tokens, const at::Tensor& chosen,
                                 const AttentionSetting& setting) const {
  const std::int64_t width = shape_.width;
  const at::Tensor normed = block.ln_1(tokens);
  const Linear query{block.qkv.weight.slice(0, 0, width), block.qkv.bias.slice(0, 0, width)};
  const Linear key_value{block.qkv.weight.slice(0, width), block.qkv.bias.slice(0, width)};
  const at::Tensor q = split_heads(query(choose(normed, chosen)).unsqueeze(1), 1)[0];
  const at::Tensor kv = split_heads(key_value(normed), 2);
  at::Tensor mask;
  if (setting.mask.defined()) mask = setting.mask.index_select(0, chosen).view({-1, 1, 1, tokens.size(1)});
  const at::Tensor seen = attend(q, kv[0], kv[1], mask).reshape({tokens.size(0), width});
  const at::Tensor sum = block.out_proj(seen).add_(choose(tokens, chosen));
  return feed_forward(block, sum).add_(sum);
}

at::Tensor Transformer::forward_to(at::Tensor tokens, const at::Tensor& chosen, const AttentionSetting& setting) const {
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) tokens = run_block(blocks_[i], tokens, setting);
  return run_last(blocks_.back(), tokens, chosen, setting);
}

at::Tensor choose(const at::Tensor& tokens, const at::Tensor& chosen) {
  const at::Tensor index = chosen.view({-1, 1, 1}).expand({-1, 1, tokens.size(2)});
  return tokens.gather(1, index).squeeze(1);
}

}  // namespace inference_exp::torch_backend
