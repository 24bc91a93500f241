#include "networks/clip.hpp"

#include <utility>

#include "common/failure.hpp"
#include "networks/clip_resnet.hpp"
#include "networks/clip_text.hpp"
#include "networks/clip_vit.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

/// A Perception Encoder has all tensors of a CLIP and more, so that shapes alone would let it pass.
void refuse_perception_encoder(const Weights& weights) {
  if (!weights.has("visual.attn_pool.probe")) return;
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "These are the weights of a Perception Encoder, not of a CLIP.",
                "Open it as perception-encoder.");
}

}  // namespace

std::unique_ptr<Network> make_clip_image(Weights weights) {
  refuse_perception_encoder(weights);
  if (weights.has("visual.proj")) return make_clip_vit(std::move(weights));
  if (weights.has("visual.attnpool.c_proj.weight")) return make_clip_resnet(std::move(weights));
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                "There is no image tower of a CLIP: neither \"visual.proj\" nor \"visual.attnpool.c_proj.weight\".",
                "Give the model.pt that OpenAI published.");
}

std::unique_ptr<Network> make_clip_text(Weights weights) {
  refuse_perception_encoder(weights);
  const ClipTextShape shape = clip_text_shape(weights, Activation::quick_gelu, 0);
  return make_clip_text(std::move(weights), shape);
}

}  // namespace inference_exp::torch_backend
