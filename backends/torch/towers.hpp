// The two halves of models that put images and texts into one space: CLIP and Perception Encoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "checkpoint/checkpoint.hpp"
#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// Which half is opened; the other's weights are not read.
enum class Tower : std::uint8_t { image, text };

/// From OpenAI's model.pt, a TorchScript archive that is read as data and never run. Throws Failure
/// (IEXP_ERROR_CORRUPTED_PACKAGE) for another model.
[[nodiscard]] std::unique_ptr<Network> open_clip(const std::shared_ptr<const checkpoint::Checkpoint>& file, Tower tower,
                                                 Placement placement);

/// `model_type` ("PE-Core-B16-224") is the config.json's vision_encoder_config: it tells what shapes don't. Throws
/// Failure: IEXP_ERROR_CORRUPTED_PACKAGE for another model, IEXP_ERROR_INVALID_PARAMETER for a type that is not known.
[[nodiscard]] std::unique_ptr<Network> open_perception_encoder(
    const std::shared_ptr<const checkpoint::Checkpoint>& file, const std::string& model_type, Tower tower,
    Placement placement);

}  // namespace inference_exp::torch_backend
