#include <algorithm>
#include <cstdio>
#include <opencv2/imgproc.hpp>

#include "annotators/checks.hpp"
#include "annotators/palette.hpp"
#include "inference_exp/annotators.hpp"

namespace inference_exp {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

std::string label_text(const Detection& detection, std::span<const std::string> class_names) {
  const auto id = static_cast<std::size_t>(detection.class_id);
  std::array<char, 16> confidence{};
  std::snprintf(confidence.data(), confidence.size(), " %.2f", static_cast<double>(detection.confidence));
  const bool named = detection.class_id >= 0 && id < class_names.size();
  return (named ? class_names[id] : std::to_string(detection.class_id)) + confidence.data();
}

/// Above the box and flush with its left side, moved as far as needed to lie inside the picture.
cv::Rect place_label(cv::Size label, const Box& box, cv::Size picture) {
  const int x = std::clamp(box.x_min, 0, std::max(0, picture.width - label.width));
  const int y = std::clamp(box.y_min - label.height, 0, std::max(0, picture.height - label.height));
  return {cv::Point(x, y), label};
}

}  // namespace

void draw_labels(cv::Mat& picture, const Detections& detections, std::span<const std::string> class_names,
                 const AnnotationStyle& style) {
  annotators::require_bgr(picture);
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const Detection detection = detections[i];
    const std::string text = label_text(detection, class_names);
    const cv::Size glyphs = cv::getTextSize(text, kFont, style.text_scale, style.text_thickness, nullptr);
    const int padding = style.text_padding;
    const cv::Rect plate =
        place_label({glyphs.width + 2 * padding, glyphs.height + 2 * padding}, detection.box, picture.size());
    const annotators::Color color = annotators::color_of_class(detection.class_id);
    cv::rectangle(picture, plate, annotators::to_scalar(color), cv::FILLED);
    cv::putText(picture, text, {plate.x + padding, plate.y + padding + glyphs.height}, kFont, style.text_scale,
                annotators::to_scalar(annotators::text_color_on(color)), style.text_thickness, cv::LINE_AA);
  }
}

}  // namespace inference_exp
