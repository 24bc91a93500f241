#include <algorithm>
#include <array>
#include <string_view>

#include "checkpoint_source.hpp"
#include "common/failure.hpp"
#include "networks/perception_encoder.hpp"
#include "towers.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

/// What a name in config.json promises, and what shapes don't say. All published poolings have 8 heads, and all text
/// towers have heads of 64 values.
struct PublishedSize {
  std::string_view name;
  std::int64_t width, layers, patch, vision_heads;
};

constexpr std::array<PublishedSize, 3> kSizes{{{"PE-Core-B16-224", 768, 12, 16, 12},
                                               {"PE-Core-L14-336", 1024, 24, 14, 16},
                                               {"PE-Core-G14-448", 1536, 50, 14, 16}}};

bool is_size(const PublishedSize& size, const PerceptionEncoderShape& shape) {
  return size.width == shape.width && size.layers == shape.layers && size.patch == shape.patch;
}

const PublishedSize& size_named(const std::string& model_type) {
  const auto* const found = std::ranges::find(kSizes, model_type, &PublishedSize::name);
  if (found != kSizes.end()) return *found;
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "No Perception Encoder is named \"" + model_type + "\".",
                "Use PE-Core-B16-224, PE-Core-L14-336 or PE-Core-G14-448, or leave it empty to go by the weights.");
}

[[noreturn]] void refuse_size(const std::string& model_type, const PerceptionEncoderShape& shape) {
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                "The weights are not those of " + model_type + ": width " + std::to_string(shape.width) + ", " +
                    std::to_string(shape.layers) + " layers, patches of " + std::to_string(shape.patch) + ".",
                "Name the size that the weights have, or none.");
}

/// For the image tower; without a name, of the published size that the shapes are of.
PerceptionEncoderHints image_hints(const Weights& weights, const std::string& model_type) {
  const PerceptionEncoderShape shape = perception_encoder_shape(weights, {});
  if (!model_type.empty()) {
    const PublishedSize& size = size_named(model_type);
    if (!is_size(size, shape)) refuse_size(model_type, shape);
    return {.vision_heads = size.vision_heads};
  }
  for (const PublishedSize& size : kSizes) {
    if (is_size(size, shape)) return {.vision_heads = size.vision_heads};
  }
  return {};
}

std::string state_dict_prefix(const checkpoint::Checkpoint& file) {
  for (const char* wrapper : {"", "state_dict.", "weights."}) {
    for (const char* module : {"", "module."}) {
      const std::string prefix = std::string(wrapper) + module;
      for (const char* name : {"visual.conv1.weight", "token_embedding.weight"}) {
        if (file.find(prefix + name) != nullptr) return prefix;
      }
    }
  }
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                "There are no Perception Encoder weights: neither \"visual.conv1.weight\" nor "
                "\"token_embedding.weight\".",
                "Give the model.pt of a PE-Core model.");
}

}  // namespace

std::unique_ptr<Network> open_perception_encoder(const std::shared_ptr<const checkpoint::Checkpoint>& file,
                                                 const std::string& model_type, Tower tower, Placement placement) {
  if (!model_type.empty()) (void)size_named(model_type);
  const CheckpointSource source(file, state_dict_prefix(*file));
  const Weights weights(source, placement);
  if (tower == Tower::text) return make_perception_encoder_text(weights, {});
  return make_perception_encoder_image(weights, image_hints(weights, model_type));
}

}  // namespace inference_exp::torch_backend
