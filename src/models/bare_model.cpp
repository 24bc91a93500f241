#include "models/bare_model.hpp"

#include <optional>
#include <string>
#include <utility>

#include "inference_exp/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::models {

namespace {

constexpr std::int32_t kLetterboxGrey = 114;
constexpr std::int32_t kStride = 32;
constexpr Size kDefaultSize{640, 640};

std::string required(const std::optional<std::string>& from_caller, const std::optional<std::string>& from_file,
                     std::string_view file, std::string_view what, std::string_view option) {
  if (from_caller) return *from_caller;
  if (from_file) return *from_file;
  throw MissingModelInitParameterError(
      std::string(file) + " does not say what its " + std::string(what) + " is.",
      "Name it: LoadOptions::" + std::string(option) + ", or --" + std::string(what) + " on the command line.");
}

const Shape& image_batch_shape(const runtime::Session& session, std::string_view file) {
  if (session.inputs().size() != 1 || session.inputs()[0].shape.rank() != 4) {
    throw CorruptedModelPackageError(std::string(file) + ": the network's input is not one image batch.",
                                     "A bare model file must take one input of shape [batch, 3, height, width].");
  }
  return session.inputs()[0].shape;
}

packages::NetworkInput network_input(const Shape& input, std::optional<Size> declared_size) {
  packages::NetworkInput result;
  const bool is_dynamic = input[2] < 1 || input[3] < 1;
  result.training_input_size = is_dynamic
                                   ? declared_size.value_or(kDefaultSize)
                                   : Size{static_cast<std::int32_t>(input[3]), static_cast<std::int32_t>(input[2])};
  result.dynamic_spatial_size_supported = is_dynamic;
  if (is_dynamic) result.dynamic_spatial_size_mode = packages::PadToBeDivisible{kStride};
  result.color_mode = ColorMode::rgb;
  result.resize_mode = ResizeMode::letterbox;
  result.padding_value = kLetterboxGrey;
  result.scaling_factor = 255;
  return result;
}

/// Key points without names or edges: a bare file carries only their number.
std::vector<Skeleton> unnamed_skeletons(std::size_t class_count, std::int32_t key_points) {
  Skeleton skeleton;
  for (std::int32_t i = 0; i < key_points; ++i) skeleton.key_point_names.push_back(std::to_string(i));
  std::vector<Skeleton> skeletons(class_count, skeleton);
  return skeletons;
}

}  // namespace

ModelInit describe_bare_model(std::shared_ptr<const runtime::Session> session, const LoadOptions& options,
                              std::string_view file) {
  const packages::BareModelMetadata metadata = packages::parse_bare_model_metadata(session->metadata());
  const Shape& input = image_batch_shape(*session, file);

  ModelInit init;
  init.architecture = required(options.architecture, metadata.architecture, file, "architecture", "architecture");
  init.task = required(options.task, metadata.task, file, "task", "task");
  init.class_names = options.class_names.empty() ? metadata.class_names : options.class_names;
  if (init.class_names.empty()) {
    throw MissingModelInitParameterError(std::string(file) + " does not name its classes.",
                                         "Give them: LoadOptions::class_names, or --class-names on the command line.");
  }
  if (metadata.key_point_shape) {
    init.skeletons = unnamed_skeletons(init.class_names.size(), metadata.key_point_shape->first);
  }
  init.config.network_input = network_input(input, metadata.image_size);
  init.config.post_processing = packages::PostProcessing{};
  init.session = std::move(session);
  return init;
}

}  // namespace inference_exp::models
