#include "models/perception_encoder.hpp"

#include <utility>

#include "models/embedding_model.hpp"

namespace inference_exp::models {

std::unique_ptr<Model> make_perception_encoder(ModelInit init) {
  EmbeddingFamily family{.name = "Perception Encoder", .texts = TextRules::perception_encoder};
  family.pixels.resize_mode = ResizeMode::stretch;
  family.pixels.resampling = Resampling::torch_bilinear;
  family.pixels.scaling_factor = 255.F;
  family.pixels.normalization = {{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}};
  return make_embedding_model(std::move(init), family);
}

}  // namespace inference_exp::models
