#include "models/stages.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/tensor.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::models {
namespace {

[[noreturn]] void refuse_stage(const std::string& what) {
  throw ModelInputError(what, "Pass on what the stage before returned.");
}

/// The shape of a tensor that a caller gave; never dynamic, and its values are there.
Shape checked_shape(const FloatTensor& tensor, const std::string& name) {
  if (tensor.shape.size() > Shape::kMaxRank) {
    refuse_stage(name + " has " + std::to_string(tensor.shape.size()) + " dimensions.");
  }
  const Shape shape(tensor.shape);
  if (!shape.is_static() || shape.element_count() != tensor.values.size()) {
    refuse_stage(name + " has the shape " + shape.to_string() + " and " + std::to_string(tensor.values.size()) +
                 " values.");
  }
  return shape;
}

bool is_picture_size(Size size) noexcept {
  return size.width >= 1 && size.width <= kMaxImageSide && size.height >= 1 && size.height <= kMaxImageSide;
}

bool is_scale(double scale) noexcept { return std::isfinite(scale) && scale > 0; }

bool is_pad(std::int32_t pad) noexcept { return pad >= -kMaxImageSide && pad <= kMaxImageSide; }

/// Whether `length` from `start` lies within `whole`; both lengths are sides of pictures.
bool lies_within(std::int32_t start, std::int32_t length, std::int32_t whole) noexcept {
  return start >= 0 && start <= whole - length;
}

/// Masks are painted where a placement says, so it must not point outside the image.
bool is_possible(const PreprocessingMetadata& placement) noexcept {
  const Size whole = placement.original_size;
  const Size part = placement.size_after_pre_processing;
  return is_picture_size(whole) && is_picture_size(part) && is_picture_size(placement.inference_size) &&
         is_picture_size(placement.intermediate_size.value_or(placement.inference_size)) &&
         lies_within(placement.static_crop.x, part.width, whole.width) &&
         lies_within(placement.static_crop.y, part.height, whole.height) && is_scale(placement.scale_width) &&
         is_scale(placement.scale_height) && is_pad(placement.pad_left) && is_pad(placement.pad_top) &&
         is_pad(placement.pad_right) && is_pad(placement.pad_bottom);
}

/// Makes room for the outputs of `images` images that are like `first`.
NetworkOutputs room_for(std::size_t images, std::span<const TensorView> first) {
  NetworkOutputs outputs;
  for (const TensorView& output : first) {
    FloatTensor& tensor = outputs.emplace_back();
    tensor.shape.push_back(static_cast<std::int64_t>(images));
    tensor.shape.insert(tensor.shape.end(), output.shape.dims().begin(), output.shape.dims().end());
    tensor.values.reserve(images * output.shape.element_count());
  }
  return outputs;
}

}  // namespace

PreparedImages prepare_images(std::size_t images, Size network_input,
                              FunctionRef<PreprocessingMetadata(std::size_t, std::span<float>)> fill) {
  if (images == 0) throw ModelInputError("There is no image to look at.", "Give at least one image.");
  const Shape shape{static_cast<std::int64_t>(images), 3, network_input.height, network_input.width};
  PreparedImages prepared;
  prepared.pixels.shape.assign(shape.dims().begin(), shape.dims().end());
  prepared.pixels.values.resize(shape.element_count());
  prepared.placements.reserve(images);
  const std::size_t slot = prepared.pixels.values.size() / images;
  for (std::size_t image = 0; image < images; ++image) {
    prepared.placements.push_back(fill(image, std::span(prepared.pixels.values).subspan(image * slot, slot)));
  }
  return prepared;
}

NetworkOutputs run_network(const runtime::BatchRunner& runner, const FloatTensor& pixels) {
  const Shape shape = checked_shape(pixels, "The batch of images");
  const bool fits = shape.rank() == 4 && shape[0] >= 1 && shape[1] == 3 && shape[2] >= 1 && shape[2] <= kMaxImageSide &&
                    shape[3] >= 1 && shape[3] <= kMaxImageSide;
  if (!fits) {
    refuse_stage("The batch of images has the shape " + shape.to_string() +
                 "; [images, 3, height, width] was expected.");
  }
  const auto images = static_cast<std::size_t>(shape[0]);
  const std::size_t slot = pixels.values.size() / images;
  NetworkOutputs outputs;
  const auto fill = [&](std::size_t image, std::span<float> room) {
    std::ranges::copy(std::span(pixels.values).subspan(image * slot, slot), room.begin());
  };
  const auto keep = [&](std::size_t image, std::span<const TensorView> of_image) {
    if (image == 0) outputs = room_for(images, of_image);
    for (std::size_t i = 0; i < of_image.size(); ++i) {
      const std::span<const float> values = of_image[i].floats();
      if (!std::ranges::equal(of_image[i].shape.dims(), std::span(outputs[i].shape).subspan(1))) {
        throw ModelRuntimeError("The network's outputs change their shape from batch to batch.",
                                "Give fewer images at once.");
      }
      outputs[i].values.insert(outputs[i].values.end(), values.begin(), values.end());
    }
  };
  runner.run(images, {static_cast<std::int32_t>(shape[3]), static_cast<std::int32_t>(shape[2])}, fill, keep);
  return outputs;
}

void read_outputs(const NetworkOutputs& outputs, std::size_t output_count,
                  std::span<const PreprocessingMetadata> placements, runtime::BatchRunner::Consume consume) {
  if (outputs.size() != output_count) {
    refuse_stage("There are " + std::to_string(outputs.size()) + " outputs; this network has " +
                 std::to_string(output_count) + ".");
  }
  const auto images = static_cast<std::int64_t>(placements.size());
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Shape shape = checked_shape(outputs[i], "Output " + std::to_string(i));
    if (shape.rank() == 0 || shape[0] != images) {
      refuse_stage("Output " + std::to_string(i) + " has the shape " + shape.to_string() + "; it should be that of " +
                   std::to_string(images) + " images, as there are placements.");
    }
    shapes.emplace_back(shape.dims().subspan(1));
  }
  std::vector<TensorView> of_image(outputs.size());
  for (std::size_t image = 0; image < placements.size(); ++image) {
    if (!is_possible(placements[image])) {
      refuse_stage("Placement " + std::to_string(image) +
                   " contradicts itself: no image can lie so in a network's input.");
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::size_t count = shapes[i].element_count();
      // Views can be written through, but who consumes outputs only reads.
      auto* const values = const_cast<float*>(outputs[i].values.data() + image * count);
      of_image[i] = {.data = values, .dtype = DType::f32, .shape = shapes[i]};
    }
    consume(image, of_image);
  }
}

}  // namespace inference_exp::models
