// An owned picture of three interleaved channels: what the plain twins pass from step to step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inference_exp/image_view.hpp"

namespace inference_exp::vision {

template <typename T>
struct Raster {
  Size size;
  std::vector<T> values;  ///< row-major, height x width x 3

  Raster() = default;
  Raster(Size raster_size, T fill)
      : size(raster_size),
        values(static_cast<std::size_t>(raster_size.width) * static_cast<std::size_t>(raster_size.height) * 3, fill) {}

  [[nodiscard]] T* pixel(std::int32_t x, std::int32_t y) { return values.data() + offset(x, y); }
  [[nodiscard]] const T* pixel(std::int32_t x, std::int32_t y) const { return values.data() + offset(x, y); }

 private:
  [[nodiscard]] std::size_t offset(std::int32_t x, std::int32_t y) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(x)) * 3;
  }
};

}  // namespace inference_exp::vision
