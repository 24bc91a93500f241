// Perception Encoder (Bolya et al., 2025): images and texts as vectors of length 1 (models.md, section 4.4).
#pragma once

#include <memory>

#include "models/registry.hpp"

namespace inference_exp::models {

/// Throws CorruptedModelPackageError when the networks are not those of a Perception Encoder. Registered in
/// registry.cpp.
[[nodiscard]] std::unique_ptr<Model> make_perception_encoder(ModelInit init);

}  // namespace inference_exp::models
