// inference_config.json as a value (loading.md, section 3.5); environment.json is translated into the same value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.hpp"
#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp::packages {

struct PadToBeDivisible {
  std::int32_t value = 32;
  friend bool operator==(const PadToBeDivisible&, const PadToBeDivisible&) = default;
};
struct AnySize {
  friend bool operator==(const AnySize&, const AnySize&) = default;
};
using DynamicSpatialSizeMode = std::variant<PadToBeDivisible, AnySize>;

struct StaticCropStep {
  bool enabled = false;
  StaticCrop crop;
  friend bool operator==(const StaticCropStep&, const StaticCropStep&) = default;
};
struct ContrastStep {
  bool enabled = false;
  ContrastMode mode = ContrastMode::contrast_stretching;
  friend bool operator==(const ContrastStep&, const ContrastStep&) = default;
};
struct ImagePreProcessing {
  bool auto_orient = false;  ///< parsed, never applied, like the original
  std::optional<StaticCropStep> static_crop;
  std::optional<ContrastStep> contrast;
  bool grayscale = false;
  friend bool operator==(const ImagePreProcessing&, const ImagePreProcessing&) = default;
};

struct NetworkInput {
  Size training_input_size;
  std::optional<Size> dataset_version_resize_dimensions;
  bool dynamic_spatial_size_supported = false;
  std::optional<DynamicSpatialSizeMode> dynamic_spatial_size_mode;
  ColorMode color_mode = ColorMode::rgb;
  ResizeMode resize_mode = ResizeMode::stretch;
  std::optional<std::int32_t> padding_value;
  std::int32_t input_channels = 3;
  std::optional<double> scaling_factor;
  std::optional<Normalization> normalization;
  friend bool operator==(const NetworkInput&, const NetworkInput&) = default;
};

struct ForwardPass {
  std::optional<std::int32_t> static_batch_size;
  std::optional<std::int32_t> min_dynamic_batch_size{};  ///< of a compiled engine: trt_config.json says it
  std::optional<std::int32_t> max_dynamic_batch_size;
  friend bool operator==(const ForwardPass&, const ForwardPass&) = default;
};

struct NmsParameters {
  std::int32_t max_detections = 300;
  double confidence_threshold = 0.25;
  double iou_threshold = 0.7;
  bool class_agnostic = false;
  friend bool operator==(const NmsParameters&, const NmsParameters&) = default;
};
enum class PostProcessingType : std::uint8_t { nms, softmax, sigmoid };
struct PostProcessing {
  PostProcessingType type = PostProcessingType::nms;
  bool fused = false;
  std::optional<NmsParameters> nms_parameters;
  friend bool operator==(const PostProcessing&, const PostProcessing&) = default;
};

struct ClassNameRemoval {
  std::string class_name;
  friend bool operator==(const ClassNameRemoval&, const ClassNameRemoval&) = default;
};

struct InferenceConfig {
  ImagePreProcessing image_pre_processing;
  NetworkInput network_input;
  ForwardPass forward_pass;
  std::optional<PostProcessing> post_processing;
  std::vector<ClassNameRemoval> class_names_operations;
  Json model_initialization;  ///< free-form object, null when absent
};

/// Parses inference_config.json. `file` is the name that errors carry. Throws CorruptedModelPackageError naming file,
/// key (as a path such as "network_input.training_input_size.height") and what was expected.
[[nodiscard]] InferenceConfig parse_inference_config(std::string_view text, std::string_view file);

/// Translates environment.json (loading.md, section 3.4) into the same value: rgb, scaling 255, padding 0/127/255, NMS
/// not fused. A disabled resize gives ResizeMode::none.
[[nodiscard]] InferenceConfig parse_environment_config(std::string_view text, std::string_view file);

/// The pixel recipe of a configuration for the network's training size: disabled steps are left out, a missing padding
/// value is 0. `fit_longer_edge` is kept; families substitute it.
[[nodiscard]] Preprocessing make_preprocessing(const InferenceConfig& config);

}  // namespace inference_exp::packages
