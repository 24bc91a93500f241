// Boxes in floating point, and their way from the network's input back to the pixels of the original image.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/preprocessing.hpp"
#include "inference_exp/predictions.hpp"

namespace inference_exp::vision {

/// Corners of a box, x right, y down.
struct BoxF {
  float x1 = 0;
  float y1 = 0;
  float x2 = 0;
  float y2 = 0;
  friend bool operator==(const BoxF&, const BoxF&) = default;
};

struct PointF {
  float x = 0;
  float y = 0;
  friend bool operator==(const PointF&, const PointF&) = default;
};

[[nodiscard]] constexpr float area(const BoxF& box) noexcept { return (box.x2 - box.x1) * (box.y2 - box.y1); }

/// Intersection over union in f32, without epsilon; NaN for two empty boxes (models.md, section 3.2).
[[nodiscard]] constexpr float iou(const BoxF& a, const BoxF& b) noexcept {
  const float width = std::max(0.F, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const float height = std::max(0.F, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const float intersection = width * height;
  return intersection / (area(a) + area(b) - intersection);
}

/// A box given by centre and sides; sides are taken as they are, negative ones included.
[[nodiscard]] constexpr BoxF from_center(float cx, float cy, float width, float height) noexcept {
  return {cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2};
}

/// False when a coordinate is NaN or infinite.
[[nodiscard]] bool is_finite(const BoxF& box) noexcept;

/// Rounds half to even. Values beyond int32, infinities included, give the nearest int32; NaN gives 0.
[[nodiscard]] std::int32_t round_to_int32(float value) noexcept;

/// Undoes letterbox, scale and static crop of one image, in f32 as models.md, section 3.3 has it.
class PixelMapping {
 public:
  explicit PixelMapping(const PreprocessingMetadata& placement) noexcept;

  /// A point in pixels of the original image, not clamped.
  [[nodiscard]] PointF point(float x, float y) const noexcept {
    return {(x - pad_left_) / scale_width_ + offset_x_, (y - pad_top_) / scale_height_ + offset_y_};
  }
  /// A box in pixels of the original image, clamped to [0, width] x [0, height], rounded half to even.
  [[nodiscard]] Box box(const BoxF& box) const noexcept;

 private:
  float pad_left_, pad_top_;
  float scale_width_, scale_height_;
  float offset_x_, offset_y_;
  float width_, height_;
};

}  // namespace inference_exp::vision
