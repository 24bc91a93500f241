#include "inference_exp/annotators.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <variant>

#include "annotators/checks.hpp"
#include "annotators/palette.hpp"

namespace inference_exp {
namespace {

using annotators::Color;

cv::Rect inside(const Box& box, cv::Size picture) {
  const cv::Rect all({0, 0}, picture);
  return cv::Rect(cv::Point(box.x_min, box.y_min), cv::Point(box.x_max, box.y_max)) & all;
}

/// The part of one mask that lies in its box.
struct MaskWindow {
  cv::Rect where;
  cv::Mat mask;
  int area = 0;
  Color color{};
};

cv::Mat mask_in(const DenseMasks& masks, std::size_t i, const cv::Rect& where) {
  // A view: cv::Mat has no type for pixels that are only read.
  auto* pixels = const_cast<std::uint8_t*>(masks.mask(i).data());
  return cv::Mat(masks.size().height, masks.size().width, CV_8U, pixels)(where);
}

cv::Mat mask_in(const RleMasks& masks, std::size_t i, const cv::Rect& where) {
  std::vector<std::uint8_t> pixels = decode_rle(masks.counts[i], masks.size);
  return cv::Mat(masks.size.height, masks.size.width, CV_8U, pixels.data())(where).clone();
}

std::size_t mask_count(const DenseMasks& masks) { return masks.count(); }
std::size_t mask_count(const RleMasks& masks) { return masks.counts.size(); }
Size mask_size(const DenseMasks& masks) { return masks.size(); }
Size mask_size(const RleMasks& masks) { return masks.size; }

template <typename Masks>
void require_matching(const Masks& masks, std::size_t rows, cv::Size picture) {
  if (mask_count(masks) != rows) {
    throw InvalidParameterError(
        "There are " + std::to_string(mask_count(masks)) + " masks for " + std::to_string(rows) + " boxes.",
        "Keep one mask for each box.");
  }
  const Size size = mask_size(masks);
  if (size != Size{picture.width, picture.height}) {
    throw InvalidParameterError("The masks are " + std::to_string(size.width) + "x" + std::to_string(size.height) +
                                    " pixels, the picture is " + std::to_string(picture.width) + "x" +
                                    std::to_string(picture.height) + ".",
                                "Draw into the picture that the masks were predicted for.");
  }
}

std::vector<MaskWindow> windows_of(const InstanceDetections& instances, cv::Size picture) {
  std::vector<MaskWindow> windows;
  windows.reserve(instances.size());
  for (std::size_t i = 0; i < instances.size(); ++i) {
    const Detection row = instances.detections[i];
    const cv::Rect where = inside(row.box, picture);
    if (where.empty()) continue;
    cv::Mat mask = std::visit([&](const auto& masks) { return mask_in(masks, i, where); }, instances.masks);
    const int area = cv::countNonZero(mask);
    windows.push_back({where, std::move(mask), area, annotators::color_of_class(row.class_id)});
  }
  return windows;
}

/// Per channel: what each pixel value becomes under the colour.
std::array<std::array<std::uint8_t, 256>, 3> blend_table(const Color& color, double opacity) {
  std::array<std::array<std::uint8_t, 256>, 3> table{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t value = 0; value < 256; ++value) {
      table[channel][value] =
          cv::saturate_cast<std::uint8_t>(color[channel] * opacity + static_cast<double>(value) * (1.0 - opacity));
    }
  }
  return table;
}

/// Blends the window's colour into pixels of its mask that no window has painted yet.
void blend(cv::Mat& picture, cv::Mat& painted, const MaskWindow& window, double opacity) {
  const auto table = blend_table(window.color, opacity);
  cv::Mat target = picture(window.where);
  cv::Mat done = painted(window.where);
  for (int y = 0; y < target.rows; ++y) {
    const auto* mask = window.mask.ptr<std::uint8_t>(y);
    auto* painted_row = done.ptr<std::uint8_t>(y);
    auto* row = target.ptr<cv::Vec3b>(y);
    for (int x = 0; x < target.cols; ++x) {
      if (mask[x] == 0 || painted_row[x] != 0) continue;
      painted_row[x] = 1;
      row[x] = {table[0][row[x][0]], table[1][row[x][1]], table[2][row[x][2]]};
    }
  }
}

bool present(const KeyPoint& point) { return point.confidence > 0; }

void draw_edges(cv::Mat& picture, std::span<const KeyPoint> row, const Skeleton& skeleton, const cv::Scalar& color,
                int thickness) {
  const auto slots = static_cast<std::int32_t>(row.size());
  const auto valid = [&](std::int32_t index) {
    return index >= 0 && index < slots && present(row[static_cast<std::size_t>(index)]);
  };
  for (const auto& [from, to] : skeleton.edges) {
    if (!valid(from) || !valid(to)) continue;
    const KeyPoint& a = row[static_cast<std::size_t>(from)];
    const KeyPoint& b = row[static_cast<std::size_t>(to)];
    cv::line(picture, {a.x, a.y}, {b.x, b.y}, color, thickness, cv::LINE_AA);
  }
}

}  // namespace

void draw_boxes(cv::Mat& picture, const Detections& detections, const AnnotationStyle& style) {
  annotators::require_bgr(picture);
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const Detection row = detections[i];
    cv::rectangle(picture, {row.box.x_min, row.box.y_min}, {row.box.x_max, row.box.y_max},
                  annotators::to_scalar(annotators::color_of_class(row.class_id)), style.box_thickness);
  }
}

void draw_masks(cv::Mat& picture, const InstanceDetections& instances, const AnnotationStyle& style) {
  annotators::require_bgr(picture);
  if (instances.empty()) return;
  std::visit([&](const auto& masks) { require_matching(masks, instances.size(), picture.size()); }, instances.masks);
  std::vector<MaskWindow> windows = windows_of(instances, picture.size());
  // Where masks overlap, the smallest is seen: painting it first and never twice leaves what painting larger ones
  // first and blending once would.
  std::ranges::stable_sort(windows, {}, &MaskWindow::area);
  cv::Mat painted = cv::Mat::zeros(picture.size(), CV_8U);
  for (const MaskWindow& window : windows) blend(picture, painted, window, style.mask_opacity);
}

void draw_key_points(cv::Mat& picture, const KeyPoints& key_points, std::span<const Skeleton> skeletons,
                     const AnnotationStyle& style) {
  annotators::require_bgr(picture);
  for (std::size_t i = 0; i < key_points.size(); ++i) {
    const std::int32_t class_id = key_points.detections.class_id()[i];
    const cv::Scalar color = annotators::to_scalar(annotators::color_of_class(class_id));
    const std::span<const KeyPoint> row = key_points.row(i);
    if (class_id >= 0 && static_cast<std::size_t>(class_id) < skeletons.size()) {
      draw_edges(picture, row, skeletons[static_cast<std::size_t>(class_id)], color, style.edge_thickness);
    }
    for (const KeyPoint& point : row) {
      if (present(point)) cv::circle(picture, {point.x, point.y}, style.key_point_radius, color, cv::FILLED);
    }
  }
}

}  // namespace inference_exp
