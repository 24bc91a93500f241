// What every annotator demands of the picture.
#pragma once

#include <opencv2/core/mat.hpp>

#include "inference_exp/errors.hpp"

namespace inference_exp::annotators {

inline void require_bgr(const cv::Mat& picture) {
  if (picture.empty() || picture.type() != CV_8UC3) {
    throw ModelInputError("Results can only be drawn into a non-empty 8-bit picture of three channels.",
                          "Convert the picture with cv::cvtColor or cv::Mat::convertTo first.");
  }
}

}  // namespace inference_exp::annotators
