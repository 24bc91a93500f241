// A YOLO pipeline written as plainly as possible, on OpenCV and loops over everything: the truth that the library's
// results are compared with. Shares nothing with the library but the session that runs the network.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "runtime/session.hpp"

namespace inference_exp::testing {

struct PlainSettings {
  int size = 640;
  int padding = 114;
  float confidence = 0.25F;
  float iou = 0.45F;
  bool end_to_end = false;  ///< rows [x1, y1, x2, y2, score, class] instead of an anchor grid
};

struct PlainDetection {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;  ///< pixels of the original image
  int class_id = 0;
  float confidence = 0;
  cv::Mat mask;  ///< 8-bit 0/1 of the image's size; empty for detectors
};

/// Ordered by descending confidence.
[[nodiscard]] std::vector<PlainDetection> plain_yolo(const runtime::Session& session, const cv::Mat& bgr,
                                                     const PlainSettings& settings);

}  // namespace inference_exp::testing
