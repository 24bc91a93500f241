#include "annotators/palette.hpp"

namespace inference_exp::annotators {
namespace {

constexpr std::array<std::uint32_t, 21> kPalette{0xA351FB, 0xFF4040, 0xFFA1A0, 0xFF7633, 0xFFB633, 0xD1D435, 0x4CFB12,
                                                 0x94CF1A, 0x40DE8A, 0x1B9640, 0x00D6C1, 0x2E9CAA, 0x00C4FF, 0x364797,
                                                 0x6675FF, 0x0019EF, 0x863AFF, 0x530087, 0xCD3AFF, 0xFF97CA, 0xFF39C9};

}  // namespace

Color color_of_class(std::int32_t class_id) {
  const std::uint32_t rgb = kPalette[static_cast<std::uint32_t>(class_id) % kPalette.size()];
  return {static_cast<std::uint8_t>(rgb), static_cast<std::uint8_t>(rgb >> 8U), static_cast<std::uint8_t>(rgb >> 16U)};
}

Color text_color_on(const Color& background) {
  // Rec. 601 luma: what the eye makes of the three channels.
  const double luma = 0.114 * background[0] + 0.587 * background[1] + 0.299 * background[2];
  const std::uint8_t value = luma > 150 ? 0 : 255;
  return {value, value, value};
}

}  // namespace inference_exp::annotators
