#include "vision/pixel_steps.hpp"

#include <cstdint>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::vision {

template <typename T>
void copy_as_three_channels(const ImageView& image, std::span<T> values) {
  const int channels = channel_count(image.format);
  T* out = values.data();
  for (std::int32_t y = 0; y < image.size.height; ++y) {
    const T* pixel = reinterpret_cast<const T*>(image.data + y * image.row_stride);
    for (std::int32_t x = 0; x < image.size.width; ++x, pixel += channels) {
      for (int c = 0; c < 3; ++c) *out++ = channels == 1 ? pixel[0] : pixel[c];
    }
  }
}

template void copy_as_three_channels<std::uint8_t>(const ImageView&, std::span<std::uint8_t>);
template void copy_as_three_channels<float>(const ImageView&, std::span<float>);

void require_room(const Placement& placement, std::span<const float> chw) {
  const Size size = placement.metadata.inference_size;
  const std::size_t needed = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3;
  if (chw.size() == needed) return;
  throw InvalidParameterError("The buffer for the network's input holds " + std::to_string(chw.size()) +
                                  " values where " + std::to_string(needed) + " are written.",
                              "Size the buffer by the inference size that plan() returns.");
}

}  // namespace inference_exp::vision
