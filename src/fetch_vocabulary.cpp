#include "fetch_vocabulary.hpp"

#include <string>
#include <system_error>

#include "hub/pinned_file.hpp"
#include "hub_context.hpp"
#include "inference_exp/errors.hpp"
#include "vocabulary.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

/// MIT, from the repository of CLIP's authors.
constexpr hub::PinnedFile kVocabulary{
    .handle = kVocabularyFile,
    .url =
        "https://raw.githubusercontent.com/openai/CLIP/dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1/clip/"
        "bpe_simple_vocab_16e6.txt.gz",
    .md5 = "933b7abbbbde62c36f02f0e6ccde464f",
    .sha256 = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"};

}  // namespace

fs::path fetch_vocabulary(const LoadOptions& options) {
  fs::path target = cache_home_or_default(options.hub.cache_home).root() / kVocabularyFile;
  std::error_code error;
  if (fs::exists(target, error)) return target;
  if (options.hub.offline.value_or(hub_environment().offline)) {
    throw MissingDependencyError("The vocabulary that texts are read with is not here, and offline nothing is fetched.",
                                 "Put " + std::string(kVocabularyFile) + " from " + std::string(kVocabulary.url) +
                                     " into the package folder or at " + target.string() + ".");
  }
  fetch_pinned_file(kVocabulary, target, options);
  return target;
}

}  // namespace inference_exp
