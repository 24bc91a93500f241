// A borrowed picture.
//
// Contract: an ImageView never owns pixels; the caller keeps them alive and unchanged during the call that reads them.
// It is a small value, cheap to copy, safe to read from any number of threads. Values are 0...255 for every pixel type,
// float included (models.md, section 1.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "inference_exp/export.hpp"

namespace inference_exp {

/// The longest side that a picture may have.
inline constexpr std::int32_t kMaxImageSide = 65'535;

/// Width and height in pixels.
struct Size {
  std::int32_t width = 0;
  std::int32_t height = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

/// A pixel rectangle [x, x + width) x [y, y + height).
struct Rect {
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::int32_t width = 0;
  std::int32_t height = 0;
  friend bool operator==(const Rect&, const Rect&) = default;
};

/// Order of the interleaved channels. Alpha is ignored; gray is copied to three channels.
enum class PixelFormat : std::uint8_t { bgr, rgb, gray, bgra, rgba };

/// Type of one channel value.
enum class PixelType : std::uint8_t { u8, f32 };

/// Channels per pixel in memory: 1, 3 or 4.
[[nodiscard]] constexpr int channel_count(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::gray:
      return 1;
    case PixelFormat::bgra:
    case PixelFormat::rgba:
      return 4;
    case PixelFormat::bgr:
    case PixelFormat::rgb:
      break;
  }
  return 3;
}

/// Bytes per channel value.
[[nodiscard]] constexpr std::ptrdiff_t pixel_type_size(PixelType type) noexcept {
  return type == PixelType::u8 ? 1 : 4;
}

/// An interleaved (HWC) picture in somebody else's memory. Rows may be any `row_stride` bytes apart, negative included
/// (a bottom-up bitmap); f32 rows must be aligned to 4 bytes.
struct ImageView {
  const std::byte* data = nullptr;  ///< first pixel of the top row
  Size size;
  std::ptrdiff_t row_stride = 0;  ///< bytes from one row to the next
  PixelFormat format = PixelFormat::bgr;
  PixelType type = PixelType::u8;

  /// A picture of bytes; `row_stride` 0 means rows without padding.
  [[nodiscard]] static ImageView from_u8(const std::uint8_t* pixels, Size size, PixelFormat format,
                                         std::ptrdiff_t row_stride = 0) noexcept {
    return {reinterpret_cast<const std::byte*>(pixels), size,
            row_stride != 0 ? row_stride : std::ptrdiff_t{size.width} * channel_count(format), format, PixelType::u8};
  }

  /// A picture of floats in 0...255; `row_stride` (bytes) 0 means rows without padding.
  [[nodiscard]] static ImageView from_f32(const float* pixels, Size size, PixelFormat format,
                                          std::ptrdiff_t row_stride = 0) noexcept {
    return {reinterpret_cast<const std::byte*>(pixels), size,
            row_stride != 0 ? row_stride : std::ptrdiff_t{size.width} * channel_count(format) * 4, format,
            PixelType::f32};
  }

  /// The same pixels seen through a window. `window` must lie inside the picture; throws ModelInputError if not.
  [[nodiscard]] INFERENCE_EXP_API ImageView crop(Rect window) const;

  /// Throws ModelInputError, saying what is wrong, unless pixels can be read: data set, both sides at least 1 and at
  /// most kMaxImageSide, stride wide enough for a row.
  INFERENCE_EXP_API void validate() const;
};

}  // namespace inference_exp
