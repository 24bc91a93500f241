// Which (architecture, task) this library can turn into a model, and how.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/implementation.hpp"
#include "inference_exp/model.hpp"
#include "packages/inference_config.hpp"
#include "runtime/session.hpp"

namespace inference_exp::text {
class Vocabulary;
}

namespace inference_exp::models {

/// Called at the first text; throws MissingDependencyError when there is no vocabulary. Thread-safe.
using VocabularySource = std::function<std::shared_ptr<const text::Vocabulary>()>;

/// Everything a family needs to build a model, wherever it came from.
struct ModelInit {
  std::shared_ptr<const runtime::Session> session;
  std::string architecture;  ///< such as "yolov8"
  std::string task;          ///< such as "object-detection"
  packages::InferenceConfig config;
  std::vector<std::string> class_names;
  std::vector<Skeleton> skeletons;  ///< key-point models: one per class

  // Embedding models: `session` is the image tower.
  std::shared_ptr<const runtime::Session> text_session;
  VocabularySource vocabulary;
  std::size_t text_embedding_cache = 0;  ///< texts remembered with their vectors
};

/// Throws ModelImplementationNotFoundError, listing what exists, when no family serves the architecture and task, and
/// CorruptedModelPackageError when the network and what the package says of it do not fit together.
[[nodiscard]] std::unique_ptr<Model> make_model(ModelInit init);

/// Every (architecture, task) that make_model serves.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> registered();

/// The same, by the backend of the package and with the package features that each serves, for negotiation.
[[nodiscard]] std::vector<Implementation> implementations();

}  // namespace inference_exp::models
