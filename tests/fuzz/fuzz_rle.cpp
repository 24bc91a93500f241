#include <algorithm>

#include "fuzzing.hpp"
#include "inference_exp/predictions.hpp"

namespace {

using namespace inference_exp;

void decode(std::string_view counts, Size size) {
  fuzzing::allow_refusal<InvalidParameterError>([&] {
    const auto mask = decode_rle(counts, size);
    fuzzing::require(mask.size() == static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height));
    fuzzing::require(std::all_of(mask.begin(), mask.end(), [](std::uint8_t pixel) { return pixel <= 1; }));
    // The text may say the same in more ways than one; the mask may not.
    fuzzing::require(decode_rle(encode_rle(mask, size), size) == mask);
  });
}

void encode(std::span<const std::uint8_t> pixels, Size size) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height));
  std::copy_n(pixels.begin(), std::min(pixels.size(), mask.size()), mask.begin());
  std::vector<std::uint8_t> decoded = decode_rle(encode_rle(mask, size), size);
  for (std::uint8_t& pixel : mask) pixel = pixel != 0 ? 1 : 0;
  fuzzing::require(decoded == mask);
}

}  // namespace

// Two numbers for the size; the rest is read as run lengths and as pixels.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const auto width = static_cast<std::int32_t>(input.number(1, 300));
  const auto height = static_cast<std::int32_t>(input.number(1, 300));
  decode(fuzzing::as_text(input.rest().data(), input.rest().size()), {width, height});
  encode(input.rest(), {width, height});
  return 0;
}
