// The colours of classes.
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core/types.hpp>

namespace inference_exp::annotators {

/// Blue, green, red: OpenCV's order.
using Color = std::array<std::uint8_t, 3>;

/// The colour of a class: supervision's default palette, repeated.
[[nodiscard]] Color color_of_class(std::int32_t class_id);

/// Black on light colours, white on dark ones.
[[nodiscard]] Color text_color_on(const Color& background);

[[nodiscard]] inline cv::Scalar to_scalar(const Color& color) {
  return {color[0] * 1.0, color[1] * 1.0, color[2] * 1.0};
}

}  // namespace inference_exp::annotators
