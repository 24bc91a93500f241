#include <string>
#include <tuple>
#include <utility>

#include "c_api/arguments.hpp"
#include "c_api/error.hpp"
#include "c_api/handles.hpp"
#include "c_api/options.hpp"
#include "inference_exp/auto_model.hpp"

namespace inference_exp::c_api {
namespace {

TaskModel by_task(const Model& model) {
  if (const auto* detector = dynamic_cast<const ObjectDetectionModel*>(&model)) return detector;
  if (const auto* segmenter = dynamic_cast<const InstanceSegmentationModel*>(&model)) return segmenter;
  if (const auto* key_points = dynamic_cast<const KeyPointDetectionModel*>(&model)) return key_points;
  if (const auto* embedder = dynamic_cast<const EmbeddingModel*>(&model)) return embedder;
  throw ModelImplementationNotFoundError("The C interface has no results for the task " + std::string(model.task()) +
                                         ".");
}

std::shared_ptr<const Labels> labels_of(const Model& model, const TaskModel& task) {
  auto labels = std::make_shared<Labels>();
  labels->class_names.assign(model.class_names().begin(), model.class_names().end());
  if (const auto* const* key_points = std::get_if<const KeyPointDetectionModel*>(&task)) {
    labels->skeletons.assign((*key_points)->skeletons().begin(), (*key_points)->skeletons().end());
  }
  return labels;
}

Results run(const inference_exp_model& model, std::span<const ImageView> images, const InferenceOptions& options) {
  return std::visit(
      [&](const auto* typed) -> Results {
        if constexpr (requires { typed->infer(images, options); }) {
          return typed->infer(images, options);
        } else {
          throw InvalidParameterError("An embedding model has no boxes.",
                                      "Call inference_exp_embed_images or inference_exp_embed_texts.");
        }
      },
      model.by_task);
}

/// NULL where there is none.
const Skeleton* skeleton_of(const inference_exp_model* model, size_t class_id) noexcept {
  if (model == nullptr || class_id >= model->labels->skeletons.size()) return nullptr;
  return &model->labels->skeletons[class_id];
}

}  // namespace

std::unique_ptr<inference_exp_model> model_handle(std::unique_ptr<const Model> model) {
  const TaskModel task = by_task(*model);
  auto handle = std::make_unique<inference_exp_model>();
  handle->by_task = task;
  handle->task = model->task();
  handle->architecture = model->architecture();
  handle->backend = model->backend();
  handle->labels = labels_of(*model, task);
  handle->model = std::move(model);
  return handle;
}

const EmbeddingModel& embedding_model(const inference_exp_model* model) {
  const auto* const* found = std::get_if<const EmbeddingModel*>(&required(model, "model").by_task);
  if (found != nullptr) return **found;
  throw InvalidParameterError("The model's task is " + model->task + ", not embedding.", "Call inference_exp_infer.");
}

}  // namespace inference_exp::c_api

using namespace inference_exp;  // the C functions stand outside of every namespace

inference_exp_status inference_exp_model_load(const char* id_or_path, const inference_exp_load_options* options,
                                              inference_exp_model** model, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(model, "model");
    const char* name = &c_api::required(id_or_path, "id_or_path");
    result = c_api::model_handle(AutoModel::from_pretrained(name, c_api::load_options(options))).release();
  });
}

void inference_exp_model_free(inference_exp_model* model) { const std::unique_ptr<inference_exp_model> owned(model); }

const char* inference_exp_model_task(const inference_exp_model* model) {
  return model != nullptr ? model->task.c_str() : nullptr;
}

const char* inference_exp_model_architecture(const inference_exp_model* model) {
  return model != nullptr ? model->architecture.c_str() : nullptr;
}

const char* inference_exp_model_backend(const inference_exp_model* model) {
  return model != nullptr ? model->backend.c_str() : nullptr;
}

size_t inference_exp_model_class_count(const inference_exp_model* model) {
  return model != nullptr ? model->labels->class_names.size() : 0;
}

const char* inference_exp_model_class_name(const inference_exp_model* model, size_t class_id) {
  if (class_id >= inference_exp_model_class_count(model)) return nullptr;
  return model->labels->class_names[class_id].c_str();
}

int32_t inference_exp_model_input_width(const inference_exp_model* model) {
  return model != nullptr ? model->model->input_size().width : 0;
}

int32_t inference_exp_model_input_height(const inference_exp_model* model) {
  return model != nullptr ? model->model->input_size().height : 0;
}

int32_t inference_exp_model_max_batch_size(const inference_exp_model* model) {
  return model != nullptr ? model->model->max_batch_size() : 0;
}

size_t inference_exp_model_dimension(const inference_exp_model* model) {
  if (model == nullptr) return 0;
  const auto* const* found = std::get_if<const EmbeddingModel*>(&model->by_task);
  return found != nullptr ? (*found)->dimension() : 0;
}

size_t inference_exp_model_key_point_count(const inference_exp_model* model, size_t class_id) {
  const Skeleton* skeleton = c_api::skeleton_of(model, class_id);
  return skeleton != nullptr ? skeleton->key_point_names.size() : 0;
}

const char* inference_exp_model_key_point_name(const inference_exp_model* model, size_t class_id, size_t key_point) {
  if (key_point >= inference_exp_model_key_point_count(model, class_id)) return nullptr;
  return c_api::skeleton_of(model, class_id)->key_point_names[key_point].c_str();
}

size_t inference_exp_model_edge_count(const inference_exp_model* model, size_t class_id) {
  const Skeleton* skeleton = c_api::skeleton_of(model, class_id);
  return skeleton != nullptr ? skeleton->edges.size() : 0;
}

int32_t inference_exp_model_edge(const inference_exp_model* model, size_t class_id, size_t edge, int32_t* from,
                                 int32_t* to) {
  if (from == nullptr || to == nullptr || edge >= inference_exp_model_edge_count(model, class_id)) return 0;
  std::tie(*from, *to) = c_api::skeleton_of(model, class_id)->edges[edge];
  return 1;
}

inference_exp_status inference_exp_infer(const inference_exp_model* model, const inference_exp_image* images,
                                         size_t image_count, const inference_exp_inference_options* options,
                                         inference_exp_predictions** predictions, inference_exp_error** error) {
  return c_api::guarded(error, [&] {
    auto& result = c_api::output(predictions, "predictions");
    const inference_exp_model& handle = c_api::required(model, "model");
    const c_api::CallOptions call(options);
    auto made = std::make_unique<inference_exp_predictions>();
    made->results = c_api::run(handle, c_api::image_views(images, image_count), call.values());
    made->labels = handle.labels;
    call.report_timings();
    result = made.release();
  });
}
