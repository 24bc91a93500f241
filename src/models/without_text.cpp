// Stands in for the tokenizer in a library that was built without texts.
#include "inference_exp/errors.hpp"
#include "models/text_input.hpp"

namespace inference_exp::models {

std::vector<std::int32_t> encode_text(std::string_view /*text*/, std::size_t /*context*/, TextRules /*rules*/,
                                      const VocabularySource& /*vocabulary*/) {
  throw MissingDependencyError("This library was built without texts.", "Build with -DINFERENCE_EXP_TEXT=ON.");
}

}  // namespace inference_exp::models
