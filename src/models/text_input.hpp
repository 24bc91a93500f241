// From texts to the token ids that a text network takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/registry.hpp"

namespace inference_exp::models {

/// How a family reads texts: they differ in their special tokens and in what becomes of texts that are too long.
enum class TextRules : std::uint8_t {
  clip,               ///< a text that is too long is refused
  perception_encoder  ///< a text that is too long is cut
};

/// `context` ids, as models.md, sections 4.3 and 4.4 say. Throws ModelInputError for a text that is refused, what
/// `vocabulary` throws, and MissingDependencyError in a library that was built without texts. Thread-safe.
[[nodiscard]] std::vector<std::int32_t> encode_text(std::string_view text, std::size_t context, TextRules rules,
                                                    const VocabularySource& vocabulary);

}  // namespace inference_exp::models
