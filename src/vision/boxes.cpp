#include "vision/boxes.hpp"

#include <cmath>
#include <limits>

namespace inference_exp::vision {

bool is_finite(const BoxF& box) noexcept {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) && std::isfinite(box.y2);
}

std::int32_t round_to_int32(float value) noexcept {
  // 2^31 and -2^31 are floats; everything strictly between them fits after rounding.
  constexpr float kLimit = 2147483648.F;
  if (std::isnan(value)) return 0;
  if (value >= kLimit) return std::numeric_limits<std::int32_t>::max();
  if (value <= -kLimit) return std::numeric_limits<std::int32_t>::min();
  return static_cast<std::int32_t>(std::nearbyint(value));
}

PixelMapping::PixelMapping(const PreprocessingMetadata& placement) noexcept
    : pad_left_(static_cast<float>(placement.pad_left)),
      pad_top_(static_cast<float>(placement.pad_top)),
      scale_width_(static_cast<float>(placement.scale_width)),
      scale_height_(static_cast<float>(placement.scale_height)),
      offset_x_(static_cast<float>(placement.static_crop.x)),
      offset_y_(static_cast<float>(placement.static_crop.y)),
      width_(static_cast<float>(placement.original_size.width)),
      height_(static_cast<float>(placement.original_size.height)) {}

Box PixelMapping::box(const BoxF& box) const noexcept {
  const PointF low = point(box.x1, box.y1);
  const PointF high = point(box.x2, box.y2);
  const auto pixel = [](float value, float limit) { return round_to_int32(std::min(std::max(value, 0.F), limit)); };
  return {pixel(low.x, width_), pixel(low.y, height_), pixel(high.x, width_), pixel(high.y, height_)};
}

}  // namespace inference_exp::vision
