// Models: what from_pretrained returns.
//
// Contract: `infer` is const and may be called from any number of threads at once on one model. Images are borrowed for
// the duration of the call. One image gives one result; several give one result each, in order. Errors: ModelInputError
// for an image that cannot be used, InvalidParameterError for an option out of range, ModelRuntimeError when the
// network fails or gives outputs that the family cannot read; after any of them the model stays usable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference_exp/export.hpp"
#include "inference_exp/image_view.hpp"
#include "inference_exp/predictions.hpp"
#include "inference_exp/stages.hpp"

namespace inference_exp {

enum class MaskFormat : std::uint8_t { dense, rle };

/// Wall time of the three stages of one `infer` call, in seconds, summed over its images.
struct StageTimings {
  double pre_process = 0;
  double run = 0;
  double post_process = 0;
};

/// Per-call settings. Unset values mean the family's default (models.md, section 1.4: confidence 0.4, IoU 0.3, 300
/// detections). A setting that a family has no use for is ignored by that family, as the table there says.
struct InferenceOptions {
  std::optional<double> confidence;                                 ///< 0...1; rows must score above it
  std::map<std::string, double, std::less<>> per_class_confidence;  ///< by class name; others use `confidence`
  std::optional<double> iou_threshold;                              ///< 0...1
  std::optional<std::int32_t> max_detections;                       ///< at least 1
  bool class_agnostic_nms = false;                                  ///< suppress across classes
  std::optional<Size> image_size;  ///< network size, for networks with dynamic spatial size
  MaskFormat mask_format = MaskFormat::dense;
  bool mask_smoothing = true;                  ///< sigmoid before resizing (models.md, section 3.6)
  std::optional<double> mask_threshold;        ///< default 0.5 with smoothing, 0.0 (logits) without
  std::optional<double> key_points_threshold;  ///< default 0
  bool disable_static_crop = false;
  bool disable_grayscale = false;
  bool disable_contrast_enhancement = false;
  bool disable_cuda_graphs = false;  ///< TensorRT: run without recorded graphs
  StageTimings* timings = nullptr;   ///< filled when set; borrowed
};

/// What every model can tell about itself.
class INFERENCE_EXP_API Model {
 public:
  virtual ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Index = class id.
  [[nodiscard]] virtual std::span<const std::string> class_names() const noexcept = 0;
  /// "object-detection", "instance-segmentation", "keypoint-detection" or "embedding".
  [[nodiscard]] virtual std::string_view task() const noexcept = 0;
  /// Such as "yolov8".
  [[nodiscard]] virtual std::string_view architecture() const noexcept = 0;
  /// The plug-in that runs it, such as "onnx".
  [[nodiscard]] virtual std::string_view backend() const noexcept = 0;
  /// Size of the network's input without an `image_size` option.
  [[nodiscard]] virtual Size input_size() const noexcept = 0;
  /// Images per network run: larger calls are split.
  [[nodiscard]] virtual std::int32_t max_batch_size() const noexcept = 0;

  /// First stage of `infer`: every image as the network takes it (an embedding model: its image network).
  [[nodiscard]] virtual PreparedImages pre_process(std::span<const ImageView> images,
                                                   const InferenceOptions& options = {}) const = 0;
  /// Second stage: runs the network on `pixels` [B, 3, height, width], in as many batches as it takes. Throws
  /// ModelInputError for another shape.
  [[nodiscard]] virtual NetworkOutputs forward(const FloatTensor& pixels) const = 0;

 protected:
  Model() = default;
};

class INFERENCE_EXP_API ObjectDetectionModel : public Model {
 public:
  [[nodiscard]] virtual std::vector<Detections> infer(std::span<const ImageView> images,
                                                      const InferenceOptions& options = {}) const = 0;
  [[nodiscard]] Detections infer(const ImageView& image, const InferenceOptions& options = {}) const {
    return std::move(infer(std::span(&image, 1), options).front());
  }
  /// Third stage of `infer`: one result for each placement. Throws ModelInputError when `outputs` and `placements` are
  /// not of one batch, or a placement is none.
  [[nodiscard]] virtual std::vector<Detections> post_process(const NetworkOutputs& outputs,
                                                             std::span<const PreprocessingMetadata> placements,
                                                             const InferenceOptions& options = {}) const = 0;
  [[nodiscard]] std::string_view task() const noexcept final { return "object-detection"; }
};

class INFERENCE_EXP_API InstanceSegmentationModel : public Model {
 public:
  [[nodiscard]] virtual std::vector<InstanceDetections> infer(std::span<const ImageView> images,
                                                              const InferenceOptions& options = {}) const = 0;
  [[nodiscard]] InstanceDetections infer(const ImageView& image, const InferenceOptions& options = {}) const {
    return std::move(infer(std::span(&image, 1), options).front());
  }
  /// Third stage of `infer`: one result for each placement. Throws ModelInputError when `outputs` and `placements` are
  /// not of one batch, or a placement is none.
  [[nodiscard]] virtual std::vector<InstanceDetections> post_process(const NetworkOutputs& outputs,
                                                                     std::span<const PreprocessingMetadata> placements,
                                                                     const InferenceOptions& options = {}) const = 0;
  [[nodiscard]] std::string_view task() const noexcept final { return "instance-segmentation"; }
};

/// How the points of one class are named and joined.
struct Skeleton {
  std::vector<std::string> key_point_names;
  std::vector<std::pair<std::int32_t, std::int32_t>> edges;  ///< indices into key_point_names
};

class INFERENCE_EXP_API KeyPointDetectionModel : public Model {
 public:
  [[nodiscard]] virtual std::vector<KeyPoints> infer(std::span<const ImageView> images,
                                                     const InferenceOptions& options = {}) const = 0;
  [[nodiscard]] KeyPoints infer(const ImageView& image, const InferenceOptions& options = {}) const {
    return std::move(infer(std::span(&image, 1), options).front());
  }
  /// Third stage of `infer`: one result for each placement. Throws ModelInputError when `outputs` and `placements` are
  /// not of one batch, or a placement is none.
  [[nodiscard]] virtual std::vector<KeyPoints> post_process(const NetworkOutputs& outputs,
                                                            std::span<const PreprocessingMetadata> placements,
                                                            const InferenceOptions& options = {}) const = 0;
  /// One per class, in class order.
  [[nodiscard]] virtual std::span<const Skeleton> skeletons() const noexcept = 0;
  [[nodiscard]] std::string_view task() const noexcept final { return "keypoint-detection"; }
};

/// Images and texts as vectors of one space, to be compared with compare_embeddings. It has no classes.
class INFERENCE_EXP_API EmbeddingModel : public Model {
 public:
  /// One vector per image, in order. Of the options only `timings` and `disable_*` have a use.
  [[nodiscard]] virtual Embeddings embed_images(std::span<const ImageView> images,
                                                const InferenceOptions& options = {}) const = 0;
  [[nodiscard]] Embeddings embed_image(const ImageView& image, const InferenceOptions& options = {}) const {
    return embed_images(std::span(&image, 1), options);
  }
  /// One vector per UTF-8 text, in order. Throws ModelInputError for a text that the family takes as too long (CLIP:
  /// more than 77 tokens) and MissingDependencyError when the vocabulary is not to be had (docs/models/clip.md).
  [[nodiscard]] virtual Embeddings embed_text(std::span<const std::string> texts) const = 0;
  /// Length of the vectors.
  [[nodiscard]] virtual std::size_t dimension() const noexcept = 0;
  [[nodiscard]] std::string_view task() const noexcept final { return "embedding"; }
};

}  // namespace inference_exp
