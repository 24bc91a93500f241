// CLIP (Radford et al., 2021): images and texts as vectors that are not normalised (models.md, section 4.3).
#pragma once

#include <memory>

#include "models/registry.hpp"

namespace inference_exp::models {

/// Throws CorruptedModelPackageError when the networks are not those of a CLIP model. Registered in registry.cpp.
[[nodiscard]] std::unique_ptr<Model> make_clip(ModelInit init);

}  // namespace inference_exp::models
