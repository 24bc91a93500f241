// Pictures to draw into.
#pragma once

#include <gmock/gmock.h>

#include <opencv2/core.hpp>
#include <vector>

#include "inference_exp/predictions.hpp"

namespace inference_exp::testing {

inline const cv::Vec3b kGray(100, 100, 100);
inline const cv::Vec3b kClass0(0xFB, 0x51, 0xA3);  // supervision's first two colours, blue first
inline const cv::Vec3b kClass1(0x40, 0x40, 0xFF);

inline cv::Mat gray_picture(int width = 200, int height = 150) {
  return {height, width, CV_8UC3, cv::Scalar::all(100)};
}

inline bool same_pixels(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF) == 0; }

inline Detections one_box(Box box, std::int32_t class_id = 0, float confidence = 0.87F) {
  return {{box}, {class_id}, {confidence}};
}

}  // namespace inference_exp::testing
