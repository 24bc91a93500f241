// What stands behind the handles of the C interface.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "inference_exp.h"
#include "inference_exp/model.hpp"
#include "inference_exp/predictions.hpp"

namespace inference_exp::c_api {

/// What a result needs of its model, so that it may outlive it.
struct Labels {
  std::vector<std::string> class_names;
  std::vector<Skeleton> skeletons;  ///< of key point models
};

using TaskModel = std::variant<const ObjectDetectionModel*, const InstanceSegmentationModel*,
                               const KeyPointDetectionModel*, const EmbeddingModel*>;

using Results = std::variant<std::vector<Detections>, std::vector<InstanceDetections>, std::vector<KeyPoints>>;

/// Throws ModelImplementationNotFoundError for a task that the C interface does not know.
[[nodiscard]] std::unique_ptr<inference_exp_model> model_handle(std::unique_ptr<const Model> model);

/// The embedding model behind a handle; throws InvalidParameterError for NULL and for other tasks.
[[nodiscard]] const EmbeddingModel& embedding_model(const inference_exp_model* model);

}  // namespace inference_exp::c_api

// NOLINTBEGIN(readability-identifier-naming): the C interface's names

struct inference_exp_model {
  std::unique_ptr<const inference_exp::Model> model;
  inference_exp::c_api::TaskModel by_task;  ///< the same, as what it is
  std::string task;
  std::string architecture;
  std::string backend;
  std::shared_ptr<const inference_exp::c_api::Labels> labels;
};

struct inference_exp_predictions {
  inference_exp::c_api::Results results;
  std::shared_ptr<const inference_exp::c_api::Labels> labels;
};

struct inference_exp_embeddings {
  inference_exp::Embeddings vectors;
};

// NOLINTEND(readability-identifier-naming)
