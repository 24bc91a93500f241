#include "vision/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "inference_exp/errors.hpp"
#include "vision/preprocess.hpp"
#include "vision/resize_taps.hpp"

namespace inference_exp::vision {

namespace {

std::string describe(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

void require_valid(const Preprocessing& recipe, Size image) {
  if (image.width < 1 || image.height < 1) {
    throw ModelInputError("The image is empty (" + describe(image) + ").",
                          "Check that the file was read and that the region has at least one pixel.");
  }
  if (recipe.resize_mode == ResizeMode::none) {
    throw CorruptedModelPackageError("The model package does not say how images are resized.",
                                     "Set the resize mode in the package's inference configuration.");
  }
  if (recipe.target.width < 1 || recipe.target.height < 1) {
    throw CorruptedModelPackageError(
        "The model package declares the network input size " + describe(recipe.target) + ", which has no pixels.",
        "Set both sides of the training input size to at least 1.");
  }
}

// Divides before it multiplies: 29 % of 100 pixels is 28 this way, and that is what models were trained with.
std::int32_t percent_of(std::int32_t percent, std::int32_t side) {
  return static_cast<std::int32_t>(static_cast<double>(percent) / 100.0 * static_cast<double>(side));
}

Rect static_crop(const std::optional<StaticCrop>& crop, Size image) {
  if (!crop) return {0, 0, image.width, image.height};
  const auto [lowest, highest] = std::minmax({crop->x_min, crop->y_min, crop->x_max, crop->y_max});
  if (lowest < 0 || highest > 100) {
    throw CorruptedModelPackageError("The model package crops images to percentages outside 0...100.",
                                     "Correct the static crop in the package's inference configuration.");
  }
  const std::int32_t x = percent_of(crop->x_min, image.width);
  const std::int32_t y = percent_of(crop->y_min, image.height);
  const Rect region{x, y, percent_of(crop->x_max, image.width) - x, percent_of(crop->y_max, image.height) - y};
  if (region.width < 1 || region.height < 1) {
    throw ModelInputError("Nothing is left of the image of " + describe(image) + " after the model's static crop.",
                          "Use a larger image, or switch the static crop off for this call.");
  }
  return region;
}

void require_pixels(Size resized, Size image) {
  if (resized.width >= 1 && resized.height >= 1) return;
  throw ModelInputError("The image of " + describe(image) + " is so thin that nothing is left of it after resizing.",
                        "Crop the image to a less extreme aspect ratio.");
}

// The whole resized picture lands in `destination`.
void land(Placement& placement, Rect destination) {
  placement.resized = {destination.width, destination.height};
  placement.kept = {0, 0, destination.width, destination.height};
  placement.destination = destination;
}

Placement start(Size inference_size, Size image) {
  Placement placement;
  placement.metadata.size_after_pre_processing = image;
  placement.metadata.inference_size = inference_size;
  placement.window = {0, 0, image.width, image.height};
  land(placement, {0, 0, inference_size.width, inference_size.height});
  return placement;
}

Placement stretch(Size target, Size image) {
  Placement placement = start(target, image);
  placement.metadata.scale_width = static_cast<double>(target.width) / image.width;
  placement.metadata.scale_height = static_cast<double>(target.height) / image.height;
  return placement;
}

Placement letterbox(const Preprocessing& recipe, Size image) {
  const Size target = recipe.target;
  const double scale =
      std::min(static_cast<double>(target.width) / image.width, static_cast<double>(target.height) / image.height);
  // Truncation, not rounding: 308 pixels scaled by 640/308 become 639.
  const Size resized{static_cast<std::int32_t>(image.width * scale), static_cast<std::int32_t>(image.height * scale)};
  require_pixels(resized, image);
  Placement placement = start(target, image);
  PreprocessingMetadata& metadata = placement.metadata;
  metadata.pad_left = (target.width - resized.width) / 2;
  metadata.pad_top = (target.height - resized.height) / 2;
  metadata.pad_right = target.width - resized.width - metadata.pad_left;
  metadata.pad_bottom = target.height - resized.height - metadata.pad_top;
  metadata.scale_width = scale;
  metadata.scale_height = scale;
  land(placement, {metadata.pad_left, metadata.pad_top, resized.width, resized.height});
  placement.padding = static_cast<float>(recipe.padding_value);
  return placement;
}

// One axis of a centre crop: what is read, where it lands, and the signed pads that are reported.
struct CenteredAxis {
  std::int32_t read_from;
  std::int32_t written_to;
  std::int32_t length;
  std::int32_t pad_before;
  std::int32_t pad_after;
};

CenteredAxis center(std::int32_t side, std::int32_t target) {
  if (side < target) {
    const std::int32_t before = (target - side) / 2;
    return {0, before, side, before, target - side - before};
  }
  const std::int32_t cut = (side - target) / 2;
  return {cut, 0, target, -cut, -(side - target - cut)};
}

// The fill is black whatever padding_value says.
Placement center_crop(Size target, Size image) {
  const CenteredAxis x = center(image.width, target.width);
  const CenteredAxis y = center(image.height, target.height);
  Placement placement = start(target, image);
  placement.window = {x.read_from, y.read_from, x.length, y.length};
  land(placement, {x.written_to, y.written_to, x.length, y.length});
  placement.metadata.pad_left = x.pad_before;
  placement.metadata.pad_right = x.pad_after;
  placement.metadata.pad_top = y.pad_before;
  placement.metadata.pad_bottom = y.pad_after;
  return placement;
}

// Each side reports its own ratio, so that boxes map back exactly although one side was rounded.
Placement fit_longer_edge(Size target, Size image) {
  const double scale_x = static_cast<double>(target.width) / image.width;
  const double scale_y = static_cast<double>(target.height) / image.height;
  const Size resized = scale_x < scale_y
                           ? Size{target.width, static_cast<std::int32_t>(std::nearbyint(scale_x * image.height))}
                           : Size{static_cast<std::int32_t>(std::nearbyint(scale_y * image.width)), target.height};
  require_pixels(resized, image);
  return stretch(resized, image);
}

void require_square_and_torch(const Preprocessing& recipe) {
  const bool torch = torch_filter(recipe.resampling).has_value();
  if (torch && recipe.target.width == recipe.target.height) return;
  throw InvalidParameterError(
      "Scaling the shorter side and cropping the centre is defined for square targets and "
      "torch's resampling, but the target is " +
          describe(recipe.target) + (torch ? "." : " and the resampling another."),
      "Use a square target with torch_bilinear or torch_bicubic.");
}

// A side as long as the target already is not cut, and reports no pads.
Placement shortest_edge_center_crop(const Preprocessing& recipe, Size image) {
  require_square_and_torch(recipe);
  const std::int32_t side = recipe.target.width;
  const std::int64_t shorter = std::min(image.width, image.height);
  const std::int64_t longer = std::int64_t{side} * std::max(image.width, image.height) / shorter;
  if (longer > std::numeric_limits<std::int32_t>::max()) {
    throw ModelInputError("The image of " + describe(image) + " is so thin that it can't be resized.",
                          "Crop the image to a less extreme aspect ratio.");
  }
  const auto other = static_cast<std::int32_t>(longer);
  const Size resized = image.width <= image.height ? Size{side, other} : Size{other, side};
  // Half to even: 69 pixels too many lose 34 in front, 71 lose 36.
  const auto cut = [&](std::int32_t length) {
    return static_cast<std::int32_t>(std::nearbyint((length - side) / 2.0));
  };
  Placement placement = start(recipe.target, image);
  placement.resized = resized;
  placement.kept = {cut(resized.width), cut(resized.height), side, side};
  PreprocessingMetadata& metadata = placement.metadata;
  metadata.scale_width = static_cast<double>(resized.width) / image.width;
  metadata.scale_height = static_cast<double>(resized.height) / image.height;
  metadata.pad_left = -placement.kept.x;
  metadata.pad_top = -placement.kept.y;
  metadata.pad_right = -(resized.width - side - placement.kept.x);
  metadata.pad_bottom = -(resized.height - side - placement.kept.y);
  return placement;
}

Placement place_by_mode(const Preprocessing& recipe, Size image) {
  switch (recipe.resize_mode) {
    case ResizeMode::letterbox:
    case ResizeMode::letterbox_reflect_edges:  // the original pads with the constant as well; nothing is reflected
      return letterbox(recipe, image);
    case ResizeMode::center_crop:
      return center_crop(recipe.target, image);
    case ResizeMode::fit_longer_edge:
      return fit_longer_edge(recipe.target, image);
    case ResizeMode::shortest_edge_center_crop:
      return shortest_edge_center_crop(recipe, image);
    case ResizeMode::stretch:
    case ResizeMode::none:
      break;
  }
  return stretch(recipe.target, image);
}

}  // namespace

Placement place(const Preprocessing& recipe, Size image) {
  require_valid(recipe, image);
  const Rect region = static_crop(recipe.static_crop, image);
  Placement placement = place_by_mode(recipe, {region.width, region.height});
  placement.metadata.original_size = image;
  placement.metadata.static_crop = region;
  return placement;
}

PreprocessingMetadata plan(const Preprocessing& recipe, Size image) { return place(recipe, image).metadata; }

}  // namespace inference_exp::vision
