#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference_exp/errors.hpp"
#include "models/yolo.hpp"
#include "models/yolo_checks.hpp"
#include "models/yolo_network.hpp"
#include "vision/masks.hpp"

namespace inference_exp::models {
namespace {

class YoloSegmentation final : public YoloModel<InstanceSegmentationModel> {
 public:
  using YoloModel::infer;
  YoloSegmentation(YoloNetwork network, SegmentationOutputs outputs)
      : YoloModel(std::move(network)), outputs_(outputs) {}

  [[nodiscard]] std::vector<InstanceDetections> infer(std::span<const ImageView> images,
                                                      const InferenceOptions& options) const override {
    std::vector<InstanceDetections> results(images.size());
    network_.run(images, options, [&](const YoloAnswer& answer) { results[answer.image] = to_instances(answer); });
    return results;
  }
  [[nodiscard]] std::vector<InstanceDetections> post_process(const NetworkOutputs& outputs,
                                                             std::span<const PreprocessingMetadata> placements,
                                                             const InferenceOptions& options) const override {
    std::vector<InstanceDetections> results(placements.size());
    network_.post_process(outputs, placements, options,
                          [&](const YoloAnswer& answer) { results[answer.image] = to_instances(answer); });
    return results;
  }

 private:
  [[nodiscard]] vision::Prototypes prototypes(const YoloAnswer& answer) const {
    const TensorView tensor = answer.output(outputs_.prototypes);
    const bool fits = tensor.shape.rank() == 3 && tensor.shape[0] == static_cast<std::int64_t>(outputs_.channels) &&
                      tensor.shape[1] > 0 && tensor.shape[2] > 0;
    if (fits) {
      return {tensor.floats(), outputs_.channels,
              Size{static_cast<std::int32_t>(tensor.shape[2]), static_cast<std::int32_t>(tensor.shape[1])}};
    }
    throw ModelRuntimeError(
        "The network gave no prototypes of shape [" + std::to_string(outputs_.channels) + ", height, width] per image.",
        "Check that the model file is a segmentation network.");
  }

  [[nodiscard]] static vision::MaskOptions mask_options(const YoloAnswer& answer) {
    return {answer.settings.mask_smoothing, answer.settings.mask_threshold};
  }

  [[nodiscard]] vision::MaskPainter painter(const YoloAnswer& answer) const {
    return {prototypes(answer), answer.placement, mask_options(answer), answer.workspace.masks};
  }

  [[nodiscard]] InstanceDetections to_instances(const YoloAnswer& answer) const {
    InstanceDetections result;
    if (answer.settings.mask_format == MaskFormat::rle) {
      result.masks = run_lengths(answer);
    } else {
      result.masks = dense(answer);
    }
    result.detections = to_detections(answer);
    return result;
  }

  [[nodiscard]] vision::MaskQuery query(const YoloAnswer& answer, std::size_t row) const {
    std::vector<float>& coefficients = answer.workspace.extra;
    coefficients.resize(outputs_.channels);
    network_.read_extra(answer, row, coefficients);
    return {answer.workspace.rows[row].box, coefficients};
  }

  [[nodiscard]] DenseMasks dense(const YoloAnswer& answer) const {
    const vision::MaskPainter on_host = painter(answer);
    DenseMasks masks(answer.workspace.rows.size(), answer.placement.original_size);
    for (std::size_t i = 0; i < masks.count(); ++i) on_host.paint(query(answer, i), masks.mask(i));
    return masks;
  }

  [[nodiscard]] RleMasks run_lengths(const YoloAnswer& answer) const {
    RleMasks masks{answer.placement.original_size, {}};
    masks.counts.resize(answer.workspace.rows.size());
    const std::vector<std::size_t> left = draw_on_device(answer, masks.counts);
    if (left.empty() && answer.device_outputs != nullptr) return masks;
    const vision::MaskPainter on_host = painter(answer);
    for (const std::size_t row : left) masks.counts[row] = on_host.run_lengths(query(answer, row));
    return masks;
  }

  /// Fills in the masks that the device draws; returns the rows of those that it does not.
  [[nodiscard]] std::vector<std::size_t> draw_on_device(const YoloAnswer& answer, std::span<std::string> counts) const {
    std::vector<std::size_t> left;
    const bool drawn = answer.device_outputs != nullptr && !counts.empty() &&
                       answer.device_outputs->draw_masks(outputs_.prototypes, mask_options(answer));
    for (std::size_t row = 0; row < counts.size(); ++row) {
      std::optional<std::string> mask;
      if (drawn) mask = answer.device_outputs->run_lengths(row);
      if (mask) {
        counts[row] = std::move(*mask);
      } else {
        left.push_back(row);
      }
    }
    return left;
  }

  SegmentationOutputs outputs_;
};

}  // namespace

std::unique_ptr<Model> make_yolo_segmentation(ModelInit init) {
  const SegmentationOutputs outputs = find_segmentation_outputs(*init.session);
  YoloNetwork network(std::move(init), 2, outputs.instances, outputs.channels);
  return std::make_unique<YoloSegmentation>(std::move(network), outputs);
}

}  // namespace inference_exp::models
