#include "predictor.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "download_bar.hpp"
#include "inference_exp/annotators.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/serialization.hpp"

namespace inference_exp::cli {
namespace {

template <typename Results>
std::vector<Prediction> as_predictions(Results results) {
  return {std::make_move_iterator(results.begin()), std::make_move_iterator(results.end())};
}

std::span<const Skeleton> skeletons_of(const Model& model) {
  const auto* key_point_model = dynamic_cast<const KeyPointDetectionModel*>(&model);
  return key_point_model != nullptr ? key_point_model->skeletons() : std::span<const Skeleton>{};
}

}  // namespace

const Detections& boxes_of(const Prediction& prediction) {
  return std::visit(
      [](const auto& result) -> const Detections& {
        if constexpr (std::is_same_v<std::decay_t<decltype(result)>, Detections>) {
          return result;
        } else {
          return result.detections;
        }
      },
      prediction);
}

Predictor::Predictor(const ModelArguments& arguments)
    : model_(AutoModel::from_pretrained(arguments.model, DownloadBar().attached_to(arguments.load))) {}

std::vector<Prediction> Predictor::infer(std::span<const ImageView> images, const InferenceOptions& options) const {
  if (const auto* detector = dynamic_cast<const ObjectDetectionModel*>(model_.get())) {
    return as_predictions(detector->infer(images, options));
  }
  if (const auto* segmenter = dynamic_cast<const InstanceSegmentationModel*>(model_.get())) {
    return as_predictions(segmenter->infer(images, options));
  }
  if (const auto* key_point_model = dynamic_cast<const KeyPointDetectionModel*>(model_.get())) {
    return as_predictions(key_point_model->infer(images, options));
  }
  throw InvalidParameterError("The model's task is " + std::string(model_->task()) + ", which gives no detections.",
                              "For embeddings use the command `inference-exp embed`.");
}

std::string Predictor::to_json(const Prediction& prediction) const {
  return std::visit(
      [this](const auto& result) {
        if constexpr (std::is_same_v<std::decay_t<decltype(result)>, KeyPoints>) {
          return inference_exp::to_json(result, model_->class_names(), skeletons_of(*model_));
        } else {
          return inference_exp::to_json(result, model_->class_names());
        }
      },
      prediction);
}

void Predictor::draw(cv::Mat& picture, const Prediction& prediction) const {
  const AnnotationStyle style = style_for({picture.cols, picture.rows});
  if (const auto* instances = std::get_if<InstanceDetections>(&prediction)) draw_masks(picture, *instances, style);
  draw_boxes(picture, boxes_of(prediction), style);
  if (const auto* key_points = std::get_if<KeyPoints>(&prediction)) {
    draw_key_points(picture, *key_points, skeletons_of(*model_), style);
  }
  draw_labels(picture, boxes_of(prediction), model_->class_names(), style);
}

}  // namespace inference_exp::cli
