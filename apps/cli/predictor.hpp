// A model of any task behind one face.
#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "arguments.hpp"
#include "inference_exp/model.hpp"
#include "inference_exp/predictions.hpp"

namespace inference_exp::cli {

using Prediction = std::variant<Detections, InstanceDetections, KeyPoints>;

/// The boxes that every kind of prediction has.
[[nodiscard]] const Detections& boxes_of(const Prediction& prediction);

class Predictor {
 public:
  /// Shows what is downloaded. Throws what AutoModel::from_pretrained throws.
  explicit Predictor(const ModelArguments& arguments);

  [[nodiscard]] const Model& model() const noexcept { return *model_; }
  [[nodiscard]] std::vector<Prediction> infer(std::span<const ImageView> images, const InferenceOptions& options) const;
  [[nodiscard]] std::string to_json(const Prediction& prediction) const;
  /// Draws everything the prediction has, in sizes that suit the picture.
  void draw(cv::Mat& picture, const Prediction& prediction) const;

 private:
  std::unique_ptr<Model> model_;
};

}  // namespace inference_exp::cli
