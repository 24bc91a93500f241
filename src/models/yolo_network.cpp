#include "models/yolo_network.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "inference_exp/errors.hpp"
#include "models/option_checks.hpp"
#include "models/package_checks.hpp"
#include "models/stages.hpp"
#include "models/yolo_checks.hpp"

namespace inference_exp::models {
namespace {

/// YOLO networks never saw `fit_longer_edge` without padding: it stands for a letterbox with grey (loading.md, 3.5).
void substitute_resize_mode(packages::NetworkInput& input) {
  if (input.resize_mode != ResizeMode::fit_longer_edge) return;
  log_warning(R"(The resize mode "fit-longer-edge" is replaced by "letterbox" with padding 127 for YOLO models.)");
  input.resize_mode = ResizeMode::letterbox;
  input.padding_value = 127;
}

}  // namespace

YoloNetwork::YoloNetwork(ModelInit init, std::size_t outputs, std::size_t row_output, std::size_t extra_values)
    : init_(std::move(init)), row_output_(row_output), defaults_(yolo_defaults(init_.architecture)) {
  check_yolo_package(init_);
  head_ = {yolo_layout(init_.architecture, init_.config), init_.class_names.size(), extra_values};
  check_yolo_outputs(*init_.session, outputs, head_);
  substitute_resize_mode(init_.config.network_input);
  recipe_ = packages::make_preprocessing(init_.config);
  dynamic_size_ = has_dynamic_size(init_.session->inputs()[0].shape);
  runner_ = std::make_unique<runtime::BatchRunner>(
      init_.session, runtime::batch_limits(*init_.session, package_batch(init_.config.forward_pass)));
  device_path_ = YoloDevicePath::make(init_.session, runner_->limits(), head_, row_output_);
  workspaces_ = std::make_unique<ObjectPool<YoloWorkspace>>([] { return std::make_unique<YoloWorkspace>(); });
}

Preprocessing YoloNetwork::recipe_for(const InferenceOptions& options) const {
  Preprocessing recipe = recipe_;
  if (options.image_size) {
    recipe.target = resolve_input_size(*options.image_size, init_.config.network_input, dynamic_size_);
  }
  if (options.disable_static_crop) recipe.static_crop.reset();
  if (options.disable_grayscale) recipe.grayscale = false;
  if (options.disable_contrast_enhancement) recipe.contrast.reset();
  return recipe;
}

YoloNetwork::Call YoloNetwork::begin(const InferenceOptions& options) const {
  ObjectPool<YoloWorkspace>::Lease workspace = workspaces_->take();
  const YoloSettings settings = resolve_options(options, defaults_, init_.class_names, workspace->class_thresholds);
  const RowFilter filter{{settings.confidence, workspace->class_thresholds}, settings.nms};
  return {std::move(workspace), settings, filter};
}

void YoloNetwork::answer(const Call& call, std::size_t image, std::span<const TensorView> outputs,
                         const PreprocessingMetadata& placement, Consume consume) const {
  if (outputs.size() <= row_output_) throw ModelRuntimeError("The network gave too few outputs.");
  YoloWorkspace& workspace = *call.workspace;
  read_rows(head_, outputs[row_output_], call.filter, workspace.row_buffers, workspace.rows);
  consume({image, outputs, placement, call.settings, workspace});
}

void YoloNetwork::run(std::span<const ImageView> images, const InferenceOptions& options, Consume consume) const {
  if (images.empty()) {
    throw ModelInputError("There is no image to look at.", "Give at least one image.");
  }
  const Call call = begin(options);
  const Preprocessing recipe = recipe_for(options);
  runtime::BatchTimings timings;
  const runtime::RunSettings settings{.timings = &timings, .cuda_graphs = !options.disable_cuda_graphs};
  if (device_path_ && YoloDevicePath::serves(recipe, images)) {
    run_on_device(call, images, recipe, consume, settings);
  } else {
    run_on_host(call, images, recipe, consume, settings);
  }
  if (options.timings != nullptr) *options.timings = {timings.fill, timings.run, timings.consume};
}

void YoloNetwork::run_on_host(const Call& call, std::span<const ImageView> images, const Preprocessing& recipe,
                              Consume consume, const runtime::RunSettings& settings) const {
  std::vector<PreprocessingMetadata>& placements = call.workspace->placements;
  placements.resize(images.size());
  const auto fill = [&](std::size_t image, std::span<float> slot) {
    placements[image] = vision::preprocess(images[image], recipe, slot, call.workspace->preprocess);
  };
  const auto read = [&](std::size_t image, std::span<const TensorView> outputs) {
    answer(call, image, outputs, placements[image], consume);
  };
  runner_->run(images.size(), recipe.target, fill, read, settings);
}

void YoloNetwork::run_on_device(const Call& call, std::span<const ImageView> images, const Preprocessing& recipe,
                                Consume consume, const runtime::RunSettings& settings) const {
  YoloWorkspace& workspace = *call.workspace;
  const auto hand_on = [&](const YoloDevicePath::Answer& answer) {
    workspace.rows.assign(answer.rows.begin(), answer.rows.end());
    consume({answer.image, {}, answer.placement, call.settings, workspace, answer.extras, &answer.outputs});
  };
  device_path_->run(images, recipe, call.filter, hand_on, settings);
}

PreparedImages YoloNetwork::pre_process(std::span<const ImageView> images, const InferenceOptions& options) const {
  const ObjectPool<YoloWorkspace>::Lease workspace = workspaces_->take();
  const Preprocessing recipe = recipe_for(options);
  return prepare_images(images.size(), recipe.target, [&](std::size_t image, std::span<float> slot) {
    return vision::preprocess(images[image], recipe, slot, workspace->preprocess);
  });
}

NetworkOutputs YoloNetwork::forward(const FloatTensor& pixels) const { return run_network(*runner_, pixels); }

void YoloNetwork::post_process(const NetworkOutputs& outputs, std::span<const PreprocessingMetadata> placements,
                               const InferenceOptions& options, Consume consume) const {
  const Call call = begin(options);
  read_outputs(outputs, init_.session->outputs().size(), placements,
               [&](std::size_t image, std::span<const TensorView> of_image) {
                 answer(call, image, of_image, placements[image], consume);
               });
}

TensorView YoloAnswer::output(std::size_t index) const {
  if (device_outputs != nullptr) return device_outputs->fetch(index);
  if (index < outputs.size()) return outputs[index];
  throw ModelRuntimeError("The network gave too few outputs.");
}

void YoloNetwork::read_extra(const YoloAnswer& answer, std::size_t row, std::span<float> values) const {
  if (answer.extras.empty()) {
    models::read_extra(head_, answer.outputs[row_output_], answer.workspace.rows[row], values);
  } else {
    std::ranges::copy(answer.extras.subspan(row * head_.extra, values.size()), values.begin());
  }
}

Detections to_detections(const YoloAnswer& answer) {
  const vision::PixelMapping mapping(answer.placement);
  const std::vector<YoloRow>& rows = answer.workspace.rows;
  std::vector<Box> xyxy;
  std::vector<std::int32_t> class_id;
  std::vector<float> confidence;
  xyxy.reserve(rows.size());
  class_id.reserve(rows.size());
  confidence.reserve(rows.size());
  for (const YoloRow& row : rows) {
    xyxy.push_back(mapping.box(row.box));
    class_id.push_back(row.class_id);
    confidence.push_back(row.score);
  }
  return {std::move(xyxy), std::move(class_id), std::move(confidence)};
}

}  // namespace inference_exp::models
