#include "packages/inference_config.hpp"

#include <array>
#include <limits>

#include "core/json.hpp"
#include "packages/json_reader.hpp"

namespace inference_exp::packages {

namespace {

constexpr std::int32_t kMaxBatch = 65535;
constexpr std::int32_t kMaxChannels = 65535;
constexpr std::int32_t kMaxCount = std::numeric_limits<std::int32_t>::max();

constexpr auto kContrastModes =
    std::to_array<Word<ContrastMode>>({{"Adaptive Equalization", ContrastMode::adaptive_equalization},
                                       {"Contrast Stretching", ContrastMode::contrast_stretching},
                                       {"Histogram Equalization", ContrastMode::histogram_equalization}});
constexpr auto kColorModes = std::to_array<Word<ColorMode>>({{"rgb", ColorMode::rgb}, {"bgr", ColorMode::bgr}});
constexpr auto kResizeModes =
    std::to_array<Word<ResizeMode>>({{"stretch", ResizeMode::stretch},
                                     {"letterbox", ResizeMode::letterbox},
                                     {"center-crop", ResizeMode::center_crop},
                                     {"fit-longer-edge", ResizeMode::fit_longer_edge},
                                     {"letterbox-reflect-edges", ResizeMode::letterbox_reflect_edges}});
constexpr auto kPostProcessingTypes =
    std::to_array<Word<PostProcessingType>>({{"nms", PostProcessingType::nms},
                                             {"softmax", PostProcessingType::softmax},
                                             {"sigmoid", PostProcessingType::sigmoid}});
enum class SpatialSizeTag : std::uint8_t { pad_to_be_divisible, any_size };
constexpr auto kSpatialSizeTags = std::to_array<Word<SpatialSizeTag>>(
    {{"pad-to-be-divisible", SpatialSizeTag::pad_to_be_divisible}, {"any-size", SpatialSizeTag::any_size}});
enum class OperationTag : std::uint8_t { class_name_removal };
constexpr auto kOperationTags =
    std::to_array<Word<OperationTag>>({{"class_name_removal", OperationTag::class_name_removal}});

template <typename T, std::size_t N>
T word(const JsonReader& reader, const std::array<Word<T>, N>& words) {
  return reader.one_of(std::span<const Word<T>>(words));
}

bool parse_enabled(const JsonReader& step) { return step.required("enabled").boolean(); }

std::int32_t parse_percent(const JsonReader& reader) { return reader.integer(0, 100); }

/// The four sides may be left out of a disabled step, but not of one that is carried out.
StaticCropStep parse_static_crop(const JsonReader& step) {
  StaticCropStep result{.enabled = parse_enabled(step), .crop = {}};
  const auto side = [&](std::string_view key, std::int32_t& value) {
    if (result.enabled) {
      value = parse_percent(step.required(key));
    } else {
      value = step.optional(key, parse_percent).value_or(value);
    }
  };
  side("x_min", result.crop.x_min);
  side("x_max", result.crop.x_max);
  side("y_min", result.crop.y_min);
  side("y_max", result.crop.y_max);
  if (!result.enabled) return result;
  if (result.crop.x_min >= result.crop.x_max) step.required("x_max").fail("greater than x_min");
  if (result.crop.y_min >= result.crop.y_max) step.required("y_max").fail("greater than y_min");
  return result;
}

ContrastStep parse_contrast(const JsonReader& step) {
  ContrastStep result{.enabled = parse_enabled(step)};
  const auto mode = [](const JsonReader& reader) { return word(reader, kContrastModes); };
  result.mode = result.enabled ? mode(step.required("type")) : step.optional("type", mode).value_or(result.mode);
  return result;
}

ImagePreProcessing parse_image_pre_processing(const JsonReader& block) {
  return {.auto_orient = block.optional("auto-orient", parse_enabled).value_or(false),
          .static_crop = block.optional("static-crop", parse_static_crop),
          .contrast = block.optional("contrast", parse_contrast),
          .grayscale = block.optional("grayscale", parse_enabled).value_or(false)};
}

Size parse_size(const JsonReader& size) {
  return {.width = size.required("width").integer(1, kMaxImageSide),
          .height = size.required("height").integer(1, kMaxImageSide)};
}

DynamicSpatialSizeMode parse_spatial_size_mode(const JsonReader& mode) {
  switch (word(mode.required("type"), kSpatialSizeTags)) {
    case SpatialSizeTag::any_size:
      return AnySize{};
    case SpatialSizeTag::pad_to_be_divisible:
      break;
  }
  return PadToBeDivisible{.value = mode.required("value").integer(1, kMaxImageSide)};
}

Normalization parse_normalization(const JsonReader& reader) {
  const std::vector<JsonReader> rows = reader.elements(2, "lists, means and standard deviations");
  const std::vector<JsonReader> means = rows[0].elements(3, "means, one per channel");
  const std::vector<JsonReader> deviations = rows[1].elements(3, "standard deviations, one per channel");
  Normalization result;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    result.mean[channel] = means[channel].any_float();
    result.std[channel] = static_cast<float>(deviations[channel].nonzero_float());
  }
  return result;
}

NetworkInput parse_network_input(const JsonReader& block) {
  return {
      .training_input_size = parse_size(block.required("training_input_size")),
      .dataset_version_resize_dimensions = block.optional("dataset_version_resize_dimensions", parse_size),
      .dynamic_spatial_size_supported = block.required("dynamic_spatial_size_supported").boolean(),
      .dynamic_spatial_size_mode = block.optional("dynamic_spatial_size_mode", parse_spatial_size_mode),
      .color_mode = word(block.required("color_mode"), kColorModes),
      .resize_mode = word(block.required("resize_mode"), kResizeModes),
      .padding_value = block.optional("padding_value", [](const JsonReader& value) { return value.integer(0, 255); }),
      .input_channels = block.required("input_channels").integer(1, kMaxChannels),
      .scaling_factor = block.optional("scaling_factor", &JsonReader::nonzero_float),
      .normalization = block.optional("normalization", parse_normalization)};
}

std::int32_t parse_batch_size(const JsonReader& size) { return size.integer(1, kMaxBatch); }

ForwardPass parse_forward_pass(const JsonReader& block) {
  return {.static_batch_size = block.optional("static_batch_size", parse_batch_size),
          .max_dynamic_batch_size = block.optional("max_dynamic_batch_size", parse_batch_size)};
}

/// The format says 0 or 1; exporters also write true and false.
bool parse_flag(const JsonReader& flag) {
  if (flag.value().is_boolean()) return flag.boolean();
  if (flag.value() == 0 || flag.value() == 1) return flag.value() == 1;
  flag.fail("0, 1, true or false");
}

double parse_ratio(const JsonReader& ratio) { return ratio.number(0, 1); }

NmsParameters parse_nms_parameters(const JsonReader& block) {
  const NmsParameters defaults;
  return {.max_detections =
              block.optional("max_detections", [](const JsonReader& count) { return count.integer(1, kMaxCount); })
                  .value_or(defaults.max_detections),
          .confidence_threshold =
              block.optional("confidence_threshold", parse_ratio).value_or(defaults.confidence_threshold),
          .iou_threshold = block.optional("iou_threshold", parse_ratio).value_or(defaults.iou_threshold),
          .class_agnostic = block.optional("class_agnostic", parse_flag).value_or(defaults.class_agnostic)};
}

PostProcessing parse_post_processing(const JsonReader& block) {
  PostProcessing result{.type = word(block.required("type"), kPostProcessingTypes),
                        .fused = block.required("fused").boolean(),
                        .nms_parameters = {}};
  if (result.type == PostProcessingType::nms) {
    result.nms_parameters = block.optional("nms_parameters", parse_nms_parameters);
  }
  return result;
}

std::vector<ClassNameRemoval> parse_class_names_operations(const JsonReader& list) {
  std::vector<ClassNameRemoval> result;
  for (const JsonReader& operation : list.elements()) {
    (void)word(operation.required("type"), kOperationTags);  // there is one kind only
    result.push_back({operation.required("class_name").text()});
  }
  return result;
}

template <typename T>
T value_or_default(std::optional<T> value) {
  return value ? *std::move(value) : T();
}

}  // namespace

InferenceConfig parse_inference_config(std::string_view text, std::string_view file) {
  const Json document = parse_json(text, file);
  const JsonReader root(document, file);
  return {
      .image_pre_processing = value_or_default(root.optional("image_pre_processing", parse_image_pre_processing)),
      .network_input = parse_network_input(root.required("network_input")),
      .forward_pass = value_or_default(root.optional("forward_pass", parse_forward_pass)),
      .post_processing = root.optional("post_processing", parse_post_processing),
      .class_names_operations = value_or_default(root.optional("class_names_operations", parse_class_names_operations)),
      .model_initialization = value_or_default(
          root.optional("model_initialization", [](const JsonReader& block) -> Json { return block.object(); }))};
}

Preprocessing make_preprocessing(const InferenceConfig& config) {
  const ImagePreProcessing& image = config.image_pre_processing;
  const NetworkInput& input = config.network_input;
  Preprocessing recipe;
  if (image.static_crop && image.static_crop->enabled) recipe.static_crop = image.static_crop->crop;
  recipe.grayscale = image.grayscale;
  if (image.contrast && image.contrast->enabled) recipe.contrast = image.contrast->mode;
  recipe.resize_mode = input.resize_mode;
  recipe.target = input.training_input_size;
  recipe.padding_value = input.padding_value.value_or(0);
  recipe.color_mode = input.color_mode;
  if (input.scaling_factor) recipe.scaling_factor = static_cast<float>(*input.scaling_factor);
  recipe.normalization = input.normalization;
  return recipe;
}

}  // namespace inference_exp::packages
