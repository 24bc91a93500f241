#include "compile/samples.hpp"

#include <algorithm>
#include <array>

#include "hub/hashing.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

constexpr Size kPictureSize{640, 480};

struct Patch {
  Rect area;
  std::array<std::uint8_t, 3> color;
};
constexpr std::array<Patch, 4> kPatches{{{{60, 60, 160, 120}, {40, 60, 220}},
                                         {{300, 90, 120, 240}, {200, 180, 30}},
                                         {{460, 250, 140, 140}, {30, 200, 60}},
                                         {{120, 280, 220, 90}, {245, 245, 245}}}};

/// Patches before a gradient: edges, flat areas and every brightness, always the same.
std::vector<std::uint8_t> make_picture() {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(kPictureSize.width) * kPictureSize.height * 3);
  for (std::int32_t y = 0; y < kPictureSize.height; ++y) {
    for (std::int32_t x = 0; x < kPictureSize.width; ++x) {
      const auto is_inside = [&](const Patch& patch) {
        return x >= patch.area.x && x < patch.area.x + patch.area.width && y >= patch.area.y &&
               y < patch.area.y + patch.area.height;
      };
      const auto* const patch = std::ranges::find_if(kPatches, is_inside);
      const std::array<std::uint8_t, 3> gradient{static_cast<std::uint8_t>(x * 255 / kPictureSize.width),
                                                 static_cast<std::uint8_t>(y * 255 / kPictureSize.height),
                                                 static_cast<std::uint8_t>((x + y) % 256)};
      const std::array<std::uint8_t, 3>& color = patch != kPatches.end() ? patch->color : gradient;
      pixels.insert(pixels.end(), color.begin(), color.end());
    }
  }
  return pixels;
}

void hash_picture(hub::Hasher& hasher, const ImageView& image) {
  const std::array<std::int32_t, 4> kind{image.size.width, image.size.height, static_cast<std::int32_t>(image.format),
                                         static_cast<std::int32_t>(image.type)};
  hasher.update(std::as_bytes(std::span(kind)));
  const std::size_t row_bytes = static_cast<std::size_t>(image.size.width) *
                                static_cast<std::size_t>(channel_count(image.format) * pixel_type_size(image.type));
  for (std::int32_t y = 0; y < image.size.height; ++y) {
    hasher.update({image.data + y * image.row_stride, row_bytes});
  }
}

}  // namespace

CompileSamples::CompileSamples(const SampleImages& images) : images_(images) {
  if (images.count != 0 && !images.at) {
    throw InvalidParameterError("There is no function that hands out the sample images.", "Set SampleImages::at.");
  }
  if (made_up()) picture_ = make_picture();
}

ImageView CompileSamples::at(std::size_t index) const {
  if (made_up()) return ImageView::from_u8(picture_.data(), kPictureSize, PixelFormat::bgr);
  const ImageView image = images_.at(index);
  image.validate();
  return image;
}

std::string CompileSamples::digest(CompileReporter& reporter) const {
  hub::Hasher hasher(hub::HashKind::sha256);
  for (std::size_t i = 0; i < count(); ++i) {
    reporter.require("Reading the sample images", static_cast<std::int32_t>(i), static_cast<std::int32_t>(count()));
    hash_picture(hasher, at(i));
  }
  return hasher.finish();
}

bool CalibrationBatches::next(std::span<float> batch) {
  if (next_ >= samples_.count()) return false;
  InferenceOptions options;
  // Networks of a fixed size take no size from outside.
  if (model_.input_size() != size_) options.image_size = size_;
  const std::size_t per_image =
      std::size_t{3} * static_cast<std::size_t>(size_.width) * static_cast<std::size_t>(size_.height);
  for (; batch.size() >= per_image; batch = batch.subspan(per_image), ++next_) {
    const ImageView image = samples_.at(next_ % samples_.count());
    const PreparedImages prepared = model_.pre_process(std::span(&image, 1), options);
    if (prepared.pixels.values.size() != per_image) {
      throw ModelRuntimeError("A calibration image became " + std::to_string(prepared.pixels.values.size()) +
                                  " values where the network takes " + std::to_string(per_image) + ".",
                              "The package's inference_config.json does not fit its network.");
    }
    std::ranges::copy(prepared.pixels.values, batch.begin());
  }
  return true;
}

}  // namespace inference_exp
