#include "models/rfdetr_checkpoint.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.hpp"
#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "models/coco_names.hpp"
#include "models/rfdetr_checks.hpp"
#include "models/rfdetr_classes.hpp"
#include "models/rfdetr_preprocess.hpp"

namespace inference_exp::models {
namespace {

constexpr std::string_view kArchitecture = "rfdetr";
constexpr std::string_view kTask = "object-detection";

void require_word(const std::optional<std::string>& given, std::string_view only, std::string_view file,
                  std::string_view option) {
  if (!given || *given == only) return;
  throw InvalidModelInitParameterError(
      std::string(file) + ": the option " + std::string(option) + " is \"" + *given + "\".",
      "A checkpoint file is read as \"" + std::string(only) + "\"; leave the option unset, or give a package folder.");
}

std::string list_sizes() {
  std::string text;
  for (const std::string_view size : kRfdetrSizes) {
    if (!text.empty()) text += ", ";
    text += size;
  }
  return text;
}

[[noreturn]] void throw_bad_resolution(std::int32_t value, std::string_view file, std::int32_t step) {
  throw InvalidModelInitParameterError(
      std::string(file) + ": the option resolution is " + std::to_string(value) + ".",
      step == 1 ? "Give a number of pixels from 1 to 65535, or leave it unset."
                : "Give a multiple of " + std::to_string(step) + " (patches times windows), or leave it unset.");
}

/// A number that the plug-in must tell.
std::int32_t metadata_number(const runtime::Session& session, std::string_view key, std::string_view file) {
  const auto found = session.metadata().find(key);
  const std::optional<std::int32_t> value =
      found == session.metadata().end() ? std::nullopt : parse_decimal(found->second);
  if (value && *value >= 1 && *value <= kMaxImageSide) return *value;
  throw CorruptedModelPackageError(
      std::string(file) + ": the Torch plug-in does not say what the network's " + std::string(key) + " is.",
      "Check that it is an RF-DETR checkpoint and that the plug-in is of this library's version.");
}

std::int32_t resolution_of(const runtime::Session& session, const LoadOptions& options, std::string_view file) {
  const std::int32_t resolution =
      options.resolution ? *options.resolution : metadata_number(session, "resolution", file);
  const std::int32_t step = side_multiple(session);
  if (resolution % step != 0) throw_bad_resolution(resolution, file, step);
  return resolution;
}

/// The list that training left in the checkpoint; nothing where there is none, or one that names no class.
std::vector<std::string> names_in_metadata(const runtime::Session& session, std::string_view file) {
  const auto found = session.metadata().find("class_names");
  if (found == session.metadata().end()) return {};
  const Json names = parse_json(found->second, std::string(file) + " (its class names)");
  const auto is_text = [](const Json& name) { return name.is_string(); };
  if (!names.is_array() || !std::ranges::all_of(names, is_text)) {
    throw CorruptedModelPackageError(std::string(file) + ": its class names are not a list of texts.",
                                     "Give them: LoadOptions::class_names, or --class-names on the command line.");
  }
  return names.get<std::vector<std::string>>();
}

std::vector<std::string> numbered_names(std::size_t count) {
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) names.push_back("class " + std::to_string(i));
  return names;
}

std::vector<std::string> class_names_of(const runtime::Session& session, const LoadOptions& options,
                                        std::string_view file) {
  const auto classes = static_cast<std::size_t>(metadata_number(session, "num_classes", file));
  if (options.class_names.size() > classes) {
    throw InvalidModelInitParameterError(std::string(file) + " scores " + std::to_string(classes) + " classes, and " +
                                             std::to_string(options.class_names.size()) + " class names were given.",
                                         "Give at most one name per class, in the order of the class ids.");
  }
  if (!options.class_names.empty()) return options.class_names;
  if (std::vector<std::string> names = names_in_metadata(session, file); !names.empty()) return names;
  std::vector<std::string> coco = coco_sparse_names();
  return classes == coco.size() ? std::move(coco) : numbered_names(classes);
}

packages::NetworkInput network_input(std::int32_t resolution, std::int32_t step) {
  packages::NetworkInput input;
  input.training_input_size = {resolution, resolution};
  input.dynamic_spatial_size_supported = true;
  input.dynamic_spatial_size_mode = packages::PadToBeDivisible{step};
  input.color_mode = ColorMode::rgb;
  input.resize_mode = ResizeMode::stretch;
  input.scaling_factor = 255;
  input.normalization = imagenet_normalization();
  return input;
}

}  // namespace

void check_rfdetr_checkpoint_options(const LoadOptions& options, std::string_view file) {
  require_word(options.architecture, kArchitecture, file, "architecture");
  require_word(options.task, kTask, file, "task");
  if (options.model_type && std::ranges::find(kRfdetrSizes, *options.model_type) == kRfdetrSizes.end()) {
    throw InvalidModelInitParameterError(
        std::string(file) + ": the option model_type is \"" + *options.model_type + "\".",
        "Known are " + list_sizes() + ". Leave it unset to read the size from the checkpoint.");
  }
  if (options.resolution && (*options.resolution < 1 || *options.resolution > kMaxImageSide)) {
    throw_bad_resolution(*options.resolution, file, 1);
  }
}

ModelInit describe_rfdetr_checkpoint(std::shared_ptr<const runtime::Session> session, const LoadOptions& options,
                                     std::string_view file) {
  check_rfdetr_checkpoint_options(options, file);
  ModelInit init;
  init.architecture = kArchitecture;
  init.task = kTask;
  init.config.network_input = network_input(resolution_of(*session, options, file), side_multiple(*session));
  init.class_names = class_names_of(*session, options, file);
  remove_background(init.class_names, init.config.class_names_operations);
  init.session = std::move(session);
  return init;
}

}  // namespace inference_exp::models
