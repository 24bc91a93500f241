#include "models/package_checks.hpp"

#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::models {
namespace {

void check_input(const runtime::Session& session, Size size, std::string_view family) {
  if (session.inputs().size() != 1) {
    throw CorruptedModelPackageError("The network has " + std::to_string(session.inputs().size()) + " inputs; " +
                                         std::string(family) + " networks have one.",
                                     kWrongNetwork);
  }
  const Shape& shape = session.inputs()[0].shape;
  const bool matches =
      shape.rank() == 4 && fits(shape[1], 3) && fits(shape[2], size.height) && fits(shape[3], size.width);
  if (matches) return;
  throw CorruptedModelPackageError("The network's input is " + shape.to_string() + " where [batch, 3, " +
                                       std::to_string(size.height) + ", " + std::to_string(size.width) +
                                       "] was expected from network_input.training_input_size.",
                                   kWrongNetwork);
}

}  // namespace

void check_image_package(const ModelInit& init, std::string_view family) {
  const packages::NetworkInput& input = init.config.network_input;
  if (input.resize_mode == ResizeMode::none) {
    throw CorruptedModelPackageError("The configuration does not say how images are resized.",
                                     "Set network_input.resize_mode, such as \"letterbox\".");
  }
  if (input.input_channels != 3) {
    throw CorruptedModelPackageError("The configuration's network_input.input_channels is " +
                                         std::to_string(input.input_channels) + "; only 3 is supported.",
                                     "Export the model for colour images.");
  }
  if (input.training_input_size.width < 1 || input.training_input_size.height < 1) {
    throw CorruptedModelPackageError("The configuration's network_input.training_input_size is not positive.");
  }
  if (init.class_names.empty()) {
    throw CorruptedModelPackageError("The package has no class names.", "Add class_names.txt, one name per line.");
  }
  check_input(*init.session, input.training_input_size, family);
}

runtime::PackageBatch package_batch(const packages::ForwardPass& forward) noexcept {
  return {
      .fixed = forward.static_batch_size, .min = forward.min_dynamic_batch_size, .max = forward.max_dynamic_batch_size};
}

}  // namespace inference_exp::models
