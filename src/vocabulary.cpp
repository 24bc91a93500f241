#include "vocabulary.hpp"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "fetch_vocabulary.hpp"
#include "runtime/install_folders.hpp"
#include "text/vocabulary.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

namespace {

class Vocabularies {
 public:
  Vocabularies(fs::path package, LoadOptions options) : package_(std::move(package)), options_(std::move(options)) {}

  [[nodiscard]] std::shared_ptr<const text::Vocabulary> get() {
    const std::scoped_lock lock(mutex_);
    if (!vocabulary_) vocabulary_ = text::read_vocabulary(find());
    return vocabulary_;
  }

 private:
  [[nodiscard]] fs::path find() const {
    std::vector<fs::path> folders{package_};
    for (fs::path& folder : runtime::data_folders()) folders.push_back(std::move(folder));
    for (const fs::path& folder : folders) {
      std::error_code error;
      if (fs::path file = folder / kVocabularyFile; fs::exists(file, error)) return file;
    }
    return fetch_vocabulary(options_);
  }

  fs::path package_;
  LoadOptions options_;
  std::mutex mutex_;
  std::shared_ptr<const text::Vocabulary> vocabulary_;
};

}  // namespace

models::VocabularySource vocabulary_source(const fs::path& package, const LoadOptions& options) {
  return [vocabularies = std::make_shared<Vocabularies>(package, options)] { return vocabularies->get(); };
}

}  // namespace inference_exp
