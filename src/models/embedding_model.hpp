// Models that put images and texts into one space, written once over two sessions (models.md, sections 4.3 and 4.4).
#pragma once

#include <memory>
#include <string_view>

#include "core/preprocessing.hpp"
#include "models/registry.hpp"
#include "models/text_input.hpp"

namespace inference_exp::models {

/// What tells one such family from another.
struct EmbeddingFamily {
  std::string_view name;   ///< as errors call the model
  Preprocessing pixels{};  ///< without a target: the network says what it takes
  TextRules texts = TextRules::clip;
};

/// Throws CorruptedModelPackageError when the networks are not a pair of this kind, or give vectors of different
/// lengths.
[[nodiscard]] std::unique_ptr<Model> make_embedding_model(ModelInit init, const EmbeddingFamily& family);

}  // namespace inference_exp::models
