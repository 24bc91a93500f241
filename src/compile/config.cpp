// inference_config.json and trt_config.json of an engine.
#include <array>
#include <optional>
#include <string>

#include "compile/package.hpp"
#include "core/file.hpp"
#include "inference_exp/errors.hpp"
#include "packages/manifest_parts.hpp"

namespace inference_exp {

namespace {

namespace fs = std::filesystem;

Json size_json(Size size) { return {{"height", size.height}, {"width", size.width}}; }

std::string_view resize_word(ResizeMode mode, const fs::path& folder) {
  switch (mode) {
    case ResizeMode::stretch:
      return "stretch";
    case ResizeMode::letterbox:
      return "letterbox";
    case ResizeMode::center_crop:
      return "center-crop";
    case ResizeMode::fit_longer_edge:
      return "fit-longer-edge";
    case ResizeMode::letterbox_reflect_edges:
      return "letterbox-reflect-edges";
    case ResizeMode::none:
    case ResizeMode::shortest_edge_center_crop:
      break;
  }
  throw CorruptedModelPackageError(
      folder.string() + ": its environment.json does not say how images are brought to the network's size.",
      "Switch the resize step on, or export the model again.");
}

/// What an environment.json says, once its family has completed it: no crop, no contrast, no fused suppression.
Json translated_config(const packages::InferenceConfig& config, const fs::path& folder) {
  const packages::NetworkInput& input = config.network_input;
  Json network = {{"training_input_size", size_json(input.training_input_size)},
                  {"color_mode", input.color_mode == ColorMode::rgb ? "rgb" : "bgr"},
                  {"resize_mode", std::string(resize_word(input.resize_mode, folder))},
                  {"padding_value", packages::json_or_null(input.padding_value)},
                  {"input_channels", input.input_channels},
                  {"scaling_factor", packages::json_or_null(input.scaling_factor)},
                  {"normalization", nullptr}};
  if (input.dataset_version_resize_dimensions) {
    network["dataset_version_resize_dimensions"] = size_json(*input.dataset_version_resize_dimensions);
  }
  if (input.normalization) network["normalization"] = {input.normalization->mean, input.normalization->std};
  Json document = {{"image_pre_processing", Json::object()}, {"network_input", std::move(network)}};
  document["forward_pass"] = Json::object();
  if (config.post_processing) document["post_processing"] = {{"type", "nms"}, {"fused", false}};
  Json& removals = document["class_names_operations"] = Json::array();
  for (const packages::ClassNameRemoval& removal : config.class_names_operations) {
    removals.push_back({{"type", "class_name_removal"}, {"class_name", removal.class_name}});
  }
  return document;
}

}  // namespace

Json engine_config(const fs::path& onnx_folder, const packages::InferenceConfig& config, Size size) {
  const fs::path file = onnx_folder / "inference_config.json";
  std::error_code error;
  Json document = fs::exists(file, error) ? parse_json(read_text_file(file), file.string())
                                          : translated_config(config, onnx_folder);
  Json& input = document["network_input"];
  input["training_input_size"] = size_json(size);
  input["dynamic_spatial_size_supported"] = false;
  input["dynamic_spatial_size_mode"] = nullptr;
  return document;
}

Json engine_batch_json(const EngineBatch& batch) {
  if (batch.min == batch.max) return {{"static_batch_size", batch.max}};
  return {{"static_batch_size", nullptr},
          {"dynamic_batch_size_min", batch.min},
          {"dynamic_batch_size_opt", batch.opt},
          {"dynamic_batch_size_max", batch.max}};
}

}  // namespace inference_exp
