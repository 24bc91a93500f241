#include "models/rfdetr.hpp"

#include <string>
#include <utility>

#include "core/log.hpp"
#include "core/object_pool.hpp"
#include "inference_exp/errors.hpp"
#include "models/option_checks.hpp"
#include "models/package_checks.hpp"
#include "models/rfdetr_checks.hpp"
#include "models/rfdetr_device.hpp"
#include "models/rfdetr_postprocess.hpp"
#include "models/rfdetr_preprocess.hpp"
#include "models/stages.hpp"
#include "runtime/batch_runner.hpp"

namespace inference_exp::models {
namespace {

constexpr double kDefaultConfidence = 0.4;

/// Everything one call needs, reused from call to call.
struct Workspace {
  RfdetrPixels pixels;
  std::vector<PreprocessingMetadata> placements;  ///< one per image
  std::vector<float> class_thresholds;
  std::vector<RfdetrCandidate> candidates;
  std::vector<RfdetrRow> rows;
};

class RfdetrDetection final : public ObjectDetectionModel {
 public:
  explicit RfdetrDetection(ModelInit init);

  using ObjectDetectionModel::infer;
  [[nodiscard]] std::vector<Detections> infer(std::span<const ImageView> images,
                                              const InferenceOptions& options) const override;
  [[nodiscard]] PreparedImages pre_process(std::span<const ImageView> images,
                                           const InferenceOptions& options) const override;
  [[nodiscard]] NetworkOutputs forward(const FloatTensor& pixels) const override {
    return run_network(*runner_, pixels);
  }
  [[nodiscard]] std::vector<Detections> post_process(const NetworkOutputs& outputs,
                                                     std::span<const PreprocessingMetadata> placements,
                                                     const InferenceOptions& options) const override;

  [[nodiscard]] std::span<const std::string> class_names() const noexcept override { return init_.class_names; }
  [[nodiscard]] std::string_view architecture() const noexcept override { return init_.architecture; }
  [[nodiscard]] std::string_view backend() const noexcept override { return init_.session->backend(); }
  [[nodiscard]] Size input_size() const noexcept override { return init_.config.network_input.training_input_size; }
  [[nodiscard]] std::int32_t max_batch_size() const noexcept override { return runner_->limits().max; }

 private:
  /// One call's settings, read once for all its images.
  struct Call {
    ObjectPool<Workspace>::Lease workspace;
    vision::ScoreThresholds thresholds;
  };
  [[nodiscard]] Call begin(const InferenceOptions& options) const;
  [[nodiscard]] Detections answer(const Call& call, std::span<const TensorView> outputs,
                                  const PreprocessingMetadata& placement) const;
  void run_on_host(const Call& call, std::span<const ImageView> images, const RfdetrRecipe& recipe,
                   std::span<Detections> results, const runtime::RunSettings& settings) const;
  void run_on_device(const Call& call, std::span<const ImageView> images, const RfdetrRecipe& recipe,
                     std::span<Detections> results, const runtime::RunSettings& settings) const;
  [[nodiscard]] Size resolve_size(Size requested) const;
  [[nodiscard]] RfdetrRecipe recipe_for(const InferenceOptions& options) const;

  ModelInit init_;
  ClassMap classes_;
  RfdetrOutputs outputs_;
  RfdetrRecipe recipe_;
  std::unique_ptr<runtime::BatchRunner> runner_;
  std::unique_ptr<RfdetrDevicePath> device_path_;  ///< null: there is none
  std::unique_ptr<ObjectPool<Workspace>> workspaces_;
};

/// More names than scores means that some class can never be found: worth a word, not a refusal.
void compare_with_network(std::size_t names, const Shape& labels) {
  if (labels[2] < 0 || names <= static_cast<std::size_t>(labels[2])) return;
  log_warning("The package names " + std::to_string(names) + " classes, its network scores " +
              std::to_string(labels[2]) + ": the last ones will never be found.");
}

RfdetrDetection::RfdetrDetection(ModelInit init) : init_(std::move(init)) {
  check_rfdetr_package(init_);
  outputs_ = find_rfdetr_outputs(*init_.session);
  compare_with_network(init_.class_names.size(), init_.session->outputs()[outputs_.labels].shape);
  classes_ = apply_removals(init_.config.class_names_operations, init_.class_names);
  if (init_.class_names.empty()) {
    throw CorruptedModelPackageError("The configuration's class_names_operations remove every class.",
                                     "Keep the classes that are to be found.");
  }
  recipe_ = make_rfdetr_recipe(init_.config);
  runner_ = std::make_unique<runtime::BatchRunner>(
      init_.session, runtime::batch_limits(*init_.session, package_batch(init_.config.forward_pass)));
  device_path_ = RfdetrDevicePath::make(init_.session, runner_->limits(), outputs_);
  workspaces_ = std::make_unique<ObjectPool<Workspace>>([] { return std::make_unique<Workspace>(); });
}

Size RfdetrDetection::resolve_size(Size requested) const {
  const Size size =
      resolve_input_size(requested, init_.config.network_input, has_dynamic_size(init_.session->inputs()[0].shape));
  const std::int32_t step = side_multiple(*init_.session);
  if (is_multiple(size, step)) return size;
  throw InvalidParameterError(
      "The option image_size is " + std::to_string(requested.width) + " x " + std::to_string(requested.height) + ".",
      "Each side must be a multiple of " + std::to_string(step) + ".");
}

RfdetrRecipe RfdetrDetection::recipe_for(const InferenceOptions& options) const {
  RfdetrRecipe recipe = recipe_;
  if (options.image_size) recipe.to_network.target = resolve_size(*options.image_size);
  Preprocessing& first = recipe.to_data_set ? *recipe.to_data_set : recipe.to_network;
  if (options.disable_static_crop) first.static_crop.reset();
  if (options.disable_grayscale) first.grayscale = false;
  if (options.disable_contrast_enhancement) first.contrast.reset();
  return recipe;
}

RfdetrDetection::Call RfdetrDetection::begin(const InferenceOptions& options) const {
  ObjectPool<Workspace>::Lease workspace = workspaces_->take();
  const auto confidence =
      static_cast<float>(in_unit_range(options.confidence.value_or(kDefaultConfidence), "confidence"));
  resolve_class_thresholds(options, confidence, init_.class_names, workspace->class_thresholds);
  const vision::ScoreThresholds thresholds{confidence, workspace->class_thresholds};
  return {std::move(workspace), thresholds};
}

Detections RfdetrDetection::answer(const Call& call, std::span<const TensorView> outputs,
                                   const PreprocessingMetadata& placement) const {
  const TensorView& boxes = outputs[outputs_.boxes];
  const RfdetrLogits logits = read_logits(boxes, outputs[outputs_.labels]);
  select_rows(logits, classes_, call.thresholds, call.workspace->candidates, call.workspace->rows);
  return to_detections(call.workspace->rows, boxes, placement);
}

std::vector<Detections> RfdetrDetection::infer(std::span<const ImageView> images,
                                               const InferenceOptions& options) const {
  if (images.empty()) throw ModelInputError("There is no image to look at.", "Give at least one image.");
  const Call call = begin(options);
  const RfdetrRecipe recipe = recipe_for(options);
  std::vector<Detections> results(images.size());
  runtime::BatchTimings timings;
  const runtime::RunSettings settings{.timings = &timings, .cuda_graphs = !options.disable_cuda_graphs};
  if (device_path_ && RfdetrDevicePath::serves(recipe, images)) {
    run_on_device(call, images, recipe, results, settings);
  } else {
    run_on_host(call, images, recipe, results, settings);
  }
  if (options.timings != nullptr) *options.timings = {timings.fill, timings.run, timings.consume};
  return results;
}

void RfdetrDetection::run_on_host(const Call& call, std::span<const ImageView> images, const RfdetrRecipe& recipe,
                                  std::span<Detections> results, const runtime::RunSettings& settings) const {
  std::vector<PreprocessingMetadata>& placements = call.workspace->placements;
  placements.resize(images.size());
  const auto fill = [&](std::size_t image, std::span<float> slot) {
    placements[image] = preprocess(images[image], recipe, slot, call.workspace->pixels);
  };
  const auto read = [&](std::size_t image, std::span<const TensorView> outputs) {
    results[image] = answer(call, outputs, placements[image]);
  };
  runner_->run(images.size(), recipe.to_network.target, fill, read, settings);
}

void RfdetrDetection::run_on_device(const Call& call, std::span<const ImageView> images, const RfdetrRecipe& recipe,
                                    std::span<Detections> results, const runtime::RunSettings& settings) const {
  std::vector<RfdetrRow>& rows = call.workspace->rows;
  const auto read = [&](const RfdetrDevicePath::Answer& answer) {
    finish_rows(answer.network_classes, classes_, call.thresholds, answer.candidates, rows);
    results[answer.image] = to_detections(rows, answer.boxes, answer.placement);
  };
  device_path_->run(images, recipe, call.thresholds, read, settings);
}

PreparedImages RfdetrDetection::pre_process(std::span<const ImageView> images, const InferenceOptions& options) const {
  const ObjectPool<Workspace>::Lease workspace = workspaces_->take();
  const RfdetrRecipe recipe = recipe_for(options);
  return prepare_images(images.size(), recipe.to_network.target, [&](std::size_t image, std::span<float> slot) {
    return preprocess(images[image], recipe, slot, workspace->pixels);
  });
}

std::vector<Detections> RfdetrDetection::post_process(const NetworkOutputs& outputs,
                                                      std::span<const PreprocessingMetadata> placements,
                                                      const InferenceOptions& options) const {
  const Call call = begin(options);
  std::vector<Detections> results(placements.size());
  read_outputs(outputs, init_.session->outputs().size(), placements,
               [&](std::size_t image, std::span<const TensorView> of_image) {
                 results[image] = answer(call, of_image, placements[image]);
               });
  return results;
}

}  // namespace

std::unique_ptr<Model> make_rfdetr_detection(ModelInit init) {
  return std::make_unique<RfdetrDetection>(std::move(init));
}

}  // namespace inference_exp::models
