// Drawing results on a picture, in the look of supervision's default annotators.
//
// Contract: part of the optional component inference_exp::annotators, which needs OpenCV. Functions draw into the
// picture they are given (8-bit BGR) and keep no state. Throws ModelInputError for another type of picture and
// InvalidParameterError when masks and picture differ in size.
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>

#include "inference_exp/export.hpp"
#include "inference_exp/model.hpp"
#include "inference_exp/predictions.hpp"

namespace inference_exp {

/// Sizes of what is drawn. Defaults are supervision's, made for pictures around 1280 pixels wide.
struct AnnotationStyle {
  int box_thickness = 2;
  double text_scale = 0.5;
  int text_thickness = 1;
  int text_padding = 10;
  double mask_opacity = 0.5;
  int key_point_radius = 4;
  int edge_thickness = 2;
};

/// A style whose line and text sizes suit a picture of `size`.
[[nodiscard]] INFERENCE_EXP_API AnnotationStyle style_for(Size size);

/// Rectangles, coloured by class.
INFERENCE_EXP_API void draw_boxes(cv::Mat& picture, const Detections& detections, const AnnotationStyle& style = {});

/// "name 0.87" on a filled rectangle above each box.
INFERENCE_EXP_API void draw_labels(cv::Mat& picture, const Detections& detections,
                                   std::span<const std::string> class_names, const AnnotationStyle& style = {});

/// Masks blended into the picture, larger ones first.
INFERENCE_EXP_API void draw_masks(cv::Mat& picture, const InstanceDetections& instances,
                                  const AnnotationStyle& style = {});

/// Points, and edges between points that are both present.
INFERENCE_EXP_API void draw_key_points(cv::Mat& picture, const KeyPoints& key_points,
                                       std::span<const Skeleton> skeletons, const AnnotationStyle& style = {});

}  // namespace inference_exp
