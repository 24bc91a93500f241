// The pixels' way into an RF-DETR network: Pillow's resize, after a letterbox or centre crop where the data set had one
// (models.md, section 4.1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"
#include "packages/inference_config.hpp"
#include "vision/preprocess.hpp"

namespace inference_exp::models {

struct RfdetrRecipe {
  std::optional<Preprocessing> to_data_set;  ///< first step of a two-step resize: the data set's own pictures, as bytes
  Preprocessing to_network;                  ///< always a stretch
};

/// `fit_longer_edge` becomes a stretch, with a warning (loading.md, section 3.5).
[[nodiscard]] RfdetrRecipe make_rfdetr_recipe(const packages::InferenceConfig& config);

/// Buffers that are reused from call to call. Each step has tables of its own, since their sizes differ.
struct RfdetrPixels {
  vision::PreprocessWorkspace to_data_set;
  vision::PreprocessWorkspace to_network;
  std::vector<float> planes;
  std::vector<std::uint8_t> bytes;
};

/// Writes `image` into `chw` and says how boxes get back.
PreprocessingMetadata preprocess(const ImageView& image, const RfdetrRecipe& recipe, std::span<float> chw,
                                 RfdetrPixels& pixels);

/// What completes an environment.json for RF-DETR: ImageNet's mean and deviation, and, since its size is the data set's
/// as well as the network's, a letterbox that is really carried out.
void complete_rfdetr_environment(packages::InferenceConfig& config);

/// ImageNet's, which every RF-DETR network is trained with.
[[nodiscard]] Normalization imagenet_normalization() noexcept;

}  // namespace inference_exp::models
