// cv::Mat in, no copy. Header only: the library itself does not know OpenCV.
//
// Contract: the returned view borrows the Mat's pixels; keep the Mat alive while the view is used.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

#include "inference_exp/errors.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp {

/// Sees a Mat of 1, 3 or 4 channels, 8-bit or float (0...255), as an image in OpenCV's own order (gray, BGR, BGRA).
/// Throws ModelInputError for an empty Mat, another depth (16-bit pictures must be scaled down by the caller) or
/// another channel count.
[[nodiscard]] inline ImageView view(const cv::Mat& image) {
  if (image.empty() || image.dims != 2) {
    throw ModelInputError("The image is empty or not two-dimensional.",
                          "Check that the file was read: cv::imread returns an empty Mat when it fails.");
  }
  PixelFormat format = PixelFormat::bgr;
  switch (image.channels()) {
    case 1:
      format = PixelFormat::gray;
      break;
    case 3:
      break;
    case 4:
      format = PixelFormat::bgra;
      break;
    default:
      throw ModelInputError("The image has " + std::to_string(image.channels()) + " channels.",
                            "Pass 1 (gray), 3 (BGR) or 4 (BGRA) channels.");
  }
  const int depth = image.depth();
  if (depth != CV_8U && depth != CV_32F) {
    throw ModelInputError(
        "The image is neither 8-bit nor 32-bit float.",
        "Convert it with values 0...255, for example image.convertTo(out, CV_8U, 1.0 / 257) for 16 bits.");
  }
  return {reinterpret_cast<const std::byte*>(image.data), Size{image.cols, image.rows},
          static_cast<std::ptrdiff_t>(image.step[0]), format, depth == CV_8U ? PixelType::u8 : PixelType::f32};
}

}  // namespace inference_exp
