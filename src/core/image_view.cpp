#include "inference_exp/image_view.hpp"

#include <cstdlib>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

std::string describe(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

}  // namespace

ImageView ImageView::crop(Rect window) const {
  const bool inside = window.x >= 0 && window.y >= 0 && window.width >= 1 && window.height >= 1 &&
                      window.width <= size.width - window.x && window.height <= size.height - window.y;
  if (!inside) {
    throw ModelInputError("The window " + describe({window.width, window.height}) + " at (" + std::to_string(window.x) +
                              ", " + std::to_string(window.y) + ") does not lie inside the image of " + describe(size) +
                              ".",
                          "Choose a window of at least one pixel within the image.");
  }
  ImageView part = *this;
  part.data += window.y * row_stride + std::ptrdiff_t{window.x} * channel_count(format) * pixel_type_size(type);
  part.size = {window.width, window.height};
  return part;
}

void ImageView::validate() const {
  if (size.width < 1 || size.height < 1 || data == nullptr) {
    throw ModelInputError("The image is empty (" + describe(size) + ").",
                          "Check that the file was read and that the region has at least one pixel.");
  }
  if (size.width > kMaxImageSide || size.height > kMaxImageSide) {
    throw ModelInputError(
        "The image of " + describe(size) + " is larger than " + std::to_string(kMaxImageSide) + " pixels a side.",
        "Scale it down or cut it into tiles.");
  }
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{size.width} * channel_count(format) * pixel_type_size(type);
  if (size.height > 1 && std::abs(row_stride) < row_bytes) {
    throw ModelInputError("The row stride of " + std::to_string(row_stride) + " bytes is shorter than a row of " +
                              std::to_string(row_bytes) + " bytes.",
                          "Give the distance in bytes from one row to the next.");
  }
}

}  // namespace inference_exp
