// Stands in for the vocabulary in a library that was built without models that read texts.
#include "inference_exp/errors.hpp"
#include "vocabulary.hpp"

namespace inference_exp {

models::VocabularySource vocabulary_source(const std::filesystem::path& /*package*/, const LoadOptions& /*options*/) {
  return []() -> std::shared_ptr<const text::Vocabulary> {
    throw MissingDependencyError("This library was built without texts.", "Build with -DINFERENCE_EXP_TEXT=ON.");
  };
}

}  // namespace inference_exp
