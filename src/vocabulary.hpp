// Where the vocabulary of models that read texts comes from (torch_models.md, "Tokenizer").
#pragma once

#include <filesystem>

#include "inference_exp/load_options.hpp"
#include "models/registry.hpp"

namespace inference_exp {

inline constexpr const char* kVocabularyFile = "bpe_simple_vocab_16e6.txt.gz";

/// Looks for kVocabularyFile at the first call: in the package, in the share folders of this installation, in the cache
/// home; else fetches it into the cache home, once, with its hashes pinned. The answer is kept; a failure is not, so
/// that the next call tries again. Its errors: MissingDependencyError, which says where to put the file, when there is
/// none and nothing may be fetched; CorruptedModelPackageError for a file that is no such vocabulary; what downloads
/// throw.
[[nodiscard]] models::VocabularySource vocabulary_source(const std::filesystem::path& package,
                                                         const LoadOptions& options);

}  // namespace inference_exp
