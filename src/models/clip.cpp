#include "models/clip.hpp"

#include <utility>

#include "models/embedding_model.hpp"

namespace inference_exp::models {

std::unique_ptr<Model> make_clip(ModelInit init) {
  EmbeddingFamily family{.name = "CLIP", .texts = TextRules::clip};
  family.pixels.resize_mode = ResizeMode::shortest_edge_center_crop;
  family.pixels.resampling = Resampling::torch_bicubic;
  family.pixels.scaling_factor = 255.F;
  family.pixels.normalization = {{0.48145466F, 0.4578275F, 0.40821073F}, {0.26862954F, 0.26130258F, 0.27577711F}};
  return make_embedding_model(std::move(init), family);
}

}  // namespace inference_exp::models
