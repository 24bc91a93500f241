#include <algorithm>
#include <cmath>
#include <string>

#include "common/failure.hpp"
#include "networks/rfdetr.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

// Wide of what was ever published; what lies beyond would only make arithmetic overflow or memory run out.
constexpr std::int64_t kMaxWindows = 64;
constexpr std::int64_t kMaxResolution = 4096;

constexpr const char* kEmbeddings = "backbone.0.encoder.encoder.embeddings.";
constexpr const char* kLayer = "backbone.0.encoder.encoder.encoder.layer.";
constexpr const char* kProjector = "backbone.0.projector.";
constexpr const char* kDecoder = "transformer.decoder.layers.";

[[noreturn]] void refuse(const std::string& what) {
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "This is no RF-DETR network that can be built: " + what + ".",
                "The file holds another model or an unknown size of it.");
}

/// Patch size 14 came with features after layers 2, 5, 8, 11; later sizes take them after 3, 6, 9, 12.
std::vector<std::int64_t> default_stages(std::int64_t layers, std::int64_t features, std::int64_t patch) {
  std::vector<std::int64_t> stages;
  const std::int64_t step = layers / features;
  for (std::int64_t i = 1; i <= features; ++i) stages.push_back(i * step - (patch == 14 ? 1 : 0));
  return stages;
}

/// How a projector stage brings the encoder's grid to its level is told by which tensors it has.
double level_scale(const Weights& weights, std::int64_t stage) {
  const std::string sampling = kProjector + ("stages_sampling." + std::to_string(stage)) + ".0.0.";
  if (weights.has(sampling + "weight")) return 2;
  if (weights.has(sampling + "conv.weight")) return 0.5;
  return 1;
}

void read_encoder(const Weights& weights, const RfdetrHints& hints, RfdetrShape& shape) {
  const std::string embeddings = kEmbeddings;
  shape.width = weights.dim(embeddings + "cls_token", 2);
  shape.patch = weights.dim(embeddings + "patch_embeddings.projection.weight", 2);
  const std::int64_t positions = weights.dim(embeddings + "position_embeddings", 1) - 1;
  shape.grid = std::llround(std::sqrt(static_cast<double>(positions)));
  if (shape.grid < 1 || shape.grid * shape.grid != positions) refuse("its position embeddings are not a square");
  shape.layers = weights.count(kLayer, ".norm1.weight");
  if (shape.layers == 0) refuse("it has no encoder layers");
  shape.mlp_width = weights.dim(kLayer + std::string("0.mlp.fc1.weight"), 0);
  shape.encoder_heads = hints.encoder_heads > 0 ? hints.encoder_heads : std::max<std::int64_t>(shape.width / 64, 1);
  shape.num_windows = hints.num_windows > 0 ? hints.num_windows : (shape.patch == 14 ? 4 : 2);
  if (shape.num_windows > kMaxWindows) refuse("it is cut into " + std::to_string(shape.num_windows) + " windows");
  if (shape.width % shape.encoder_heads != 0) refuse("its width does not divide by its heads");
}

void read_projector(const Weights& weights, const RfdetrHints& hints, RfdetrShape& shape) {
  const std::string stages = kProjector + std::string("stages.");
  const std::int64_t levels = weights.count(stages, ".0.cv1.conv.weight");
  if (levels == 0) refuse("it has no projector");
  for (std::int64_t i = 0; i < levels; ++i) shape.level_scales.push_back(level_scale(weights, i));
  const std::int64_t into_first = weights.dim(stages + "0.0.cv1.conv.weight", 1);
  const std::int64_t per_feature = shape.level_scales[0] == 2 ? shape.width / 2 : shape.width;
  const std::int64_t features = into_first / std::max<std::int64_t>(per_feature, 1);
  if (features < 1 || features * per_feature != into_first || features > shape.layers) {
    refuse("its projector does not take a whole number of encoder features");
  }
  shape.stages = hints.stages.empty() ? default_stages(shape.layers, features, shape.patch) : hints.stages;
  if (static_cast<std::int64_t>(shape.stages.size()) != features)
    refuse("it takes another number of features than said");
  std::int64_t last = 0;
  for (const std::int64_t stage : shape.stages) {
    if (stage <= last || stage > shape.layers) refuse("its feature layers are not in order");
    last = stage;
  }
}

void read_decoder(const Weights& weights, const RfdetrHints& hints, RfdetrShape& shape) {
  const std::string first = kDecoder + std::string("0.");
  shape.hidden = weights.dim("class_embed.weight", 1);
  shape.classes = weights.dim("class_embed.bias", 0);
  shape.decoder_layers = weights.count(kDecoder, ".norm1.weight");
  if (shape.decoder_layers == 0) refuse("it has no decoder layers");
  shape.feed_forward = weights.dim(first + "linear1.weight", 0);
  shape.self_heads =
      hints.self_attention_heads > 0 ? hints.self_attention_heads : std::max<std::int64_t>(shape.hidden / 32, 1);
  shape.cross_heads =
      hints.cross_attention_heads > 0 ? hints.cross_attention_heads : std::max<std::int64_t>(shape.hidden / 16, 1);
  const std::int64_t weights_per_query = weights.dim(first + "cross_attn.attention_weights.bias", 0);
  const std::int64_t per_point = shape.cross_heads * static_cast<std::int64_t>(shape.level_scales.size());
  shape.points = weights_per_query / per_point;
  if (shape.points < 1 || shape.points * per_point != weights_per_query || shape.hidden % shape.self_heads != 0 ||
      shape.hidden % shape.cross_heads != 0 || shape.hidden % 4 != 0) {
    refuse("its attention heads do not fit its width");
  }
  // Training has several groups of queries; inference uses the first.
  const std::int64_t all_queries = weights.dim("query_feat.weight", 0);
  const std::int64_t groups = std::max<std::int64_t>(weights.count("transformer.enc_output.", ".weight"), 1);
  shape.num_queries = hints.num_queries > 0 ? hints.num_queries : all_queries / groups;
  if (shape.num_queries < 1 || shape.num_queries > all_queries) refuse("it has fewer queries than said");
}

}  // namespace

RfdetrShape rfdetr_shape(const Weights& weights, const RfdetrHints& hints) {
  RfdetrShape shape;
  read_encoder(weights, hints, shape);
  read_projector(weights, hints, shape);
  read_decoder(weights, hints, shape);
  // Positions were learnt at another size than base and large ran at.
  shape.resolution = hints.resolution > 0                      ? hints.resolution
                     : (shape.patch == 14 && shape.grid == 37) ? 560
                                                               : shape.grid * shape.patch;
  if (shape.resolution > kMaxResolution) refuse("its resolution is " + std::to_string(shape.resolution));
  return shape;
}

}  // namespace inference_exp::torch_backend
