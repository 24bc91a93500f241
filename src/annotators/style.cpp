#include <algorithm>
#include <cmath>

#include "inference_exp/annotators.hpp"

namespace inference_exp {

AnnotationStyle style_for(Size size) {
  constexpr double kSmallestReadableText = 0.35;
  const int shorter = std::min(size.width, size.height);
  AnnotationStyle style;
  style.box_thickness = shorter < 1080 ? 2 : 4;
  style.text_scale = std::max(shorter * 1e-3, kSmallestReadableText);
  style.text_thickness = std::max(1, static_cast<int>(std::lround(style.text_scale)));
  style.text_padding = std::max(2, static_cast<int>(std::lround(style.text_scale * 10)));
  style.key_point_radius = style.box_thickness * 2;
  style.edge_thickness = style.box_thickness;
  return style;
}

}  // namespace inference_exp
