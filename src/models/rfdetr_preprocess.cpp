#include "models/rfdetr_preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/log.hpp"

namespace inference_exp::models {
namespace {

constexpr float kByteRange = 255;

/// With a normalization the scale is always that of bytes, whatever the configuration says.
float divisor(const packages::NetworkInput& input) {
  if (input.normalization || !input.scaling_factor) return kByteRange;
  return static_cast<float>(*input.scaling_factor);
}

/// Planes as interleaved bytes. Those of an 8-bit picture hold whole numbers already.
void interleave(std::span<const float> planes, std::vector<std::uint8_t>& bytes) {
  const std::size_t area = planes.size() / 3;
  bytes.resize(planes.size());
  for (std::size_t i = 0; i < area; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const float value = planes[channel * area + i];
      bytes[i * 3 + channel] = static_cast<std::uint8_t>(std::nearbyint(std::clamp(value, 0.F, kByteRange)));
    }
  }
}

}  // namespace

RfdetrRecipe make_rfdetr_recipe(const packages::InferenceConfig& config) {
  const packages::NetworkInput& input = config.network_input;
  RfdetrRecipe recipe{std::nullopt, packages::make_preprocessing(config)};
  Preprocessing& last = recipe.to_network;
  last.resampling = Resampling::pillow_bilinear;
  last.scaling_factor = divisor(input);
  last.resize_mode = ResizeMode::stretch;
  if (input.resize_mode == ResizeMode::fit_longer_edge) {
    log_warning(R"(The resize mode "fit-longer-edge" is replaced by "stretch" for RF-DETR models.)");
    return recipe;
  }
  if (!input.dataset_version_resize_dimensions || input.resize_mode == ResizeMode::stretch) return recipe;

  Preprocessing& first = recipe.to_data_set.emplace(packages::make_preprocessing(config));
  first.target = *input.dataset_version_resize_dimensions;
  first.scaling_factor.reset();
  first.normalization.reset();
  last.static_crop.reset();
  last.grayscale = false;
  last.contrast.reset();
  return recipe;
}

PreprocessingMetadata preprocess(const ImageView& image, const RfdetrRecipe& recipe, std::span<float> chw,
                                 RfdetrPixels& pixels) {
  if (!recipe.to_data_set) return vision::preprocess(image, recipe.to_network, chw, pixels.to_network);
  const Preprocessing& first = *recipe.to_data_set;
  pixels.planes.resize(3 * static_cast<std::size_t>(first.target.width) *
                       static_cast<std::size_t>(first.target.height));
  PreprocessingMetadata placement = vision::preprocess(image, first, pixels.planes, pixels.to_data_set);
  interleave(pixels.planes, pixels.bytes);
  const PixelFormat format = first.color_mode == ColorMode::rgb ? PixelFormat::rgb : PixelFormat::bgr;
  (void)vision::preprocess(ImageView::from_u8(pixels.bytes.data(), first.target, format), recipe.to_network, chw,
                           pixels.to_network);
  placement.intermediate_size = placement.inference_size;
  placement.inference_size = recipe.to_network.target;
  return placement;
}

void complete_rfdetr_environment(packages::InferenceConfig& config) {
  packages::NetworkInput& input = config.network_input;
  input.normalization = imagenet_normalization();
  if (input.resize_mode != ResizeMode::stretch) input.dataset_version_resize_dimensions = input.training_input_size;
}

Normalization imagenet_normalization() noexcept { return {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}; }

}  // namespace inference_exp::models
