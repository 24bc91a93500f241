#include <string>

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
    if (answer.outputs.size() > outputs_.prototypes) {
      const TensorView& tensor = answer.outputs[outputs_.prototypes];
      const bool fits = tensor.shape.rank() == 3 && tensor.shape[0] == static_cast<std::int64_t>(outputs_.channels) &&
                        tensor.shape[1] > 0 && tensor.shape[2] > 0;
      if (fits) {
        return {tensor.floats(), outputs_.channels,
                Size{static_cast<std::int32_t>(tensor.shape[2]), static_cast<std::int32_t>(tensor.shape[1])}};
      }
    }
    throw ModelRuntimeError(
        "The network gave no prototypes of shape [" + std::to_string(outputs_.channels) + ", height, width] per image.",
        "Check that the model file is a segmentation network.");
  }

  [[nodiscard]] InstanceDetections to_instances(const YoloAnswer& answer) const {
    InstanceDetections result;
    const vision::MaskPainter painter(prototypes(answer), answer.placement,
                                      {answer.settings.mask_smoothing, answer.settings.mask_threshold},
                                      answer.workspace.masks);
    if (answer.settings.mask_format == MaskFormat::rle) {
      result.masks = run_lengths(answer, painter);
    } else {
      result.masks = dense(answer, painter);
    }
    result.detections = to_detections(answer);
    return result;
  }

  [[nodiscard]] vision::MaskQuery query(const YoloAnswer& answer, std::size_t row) const {
    std::vector<float>& coefficients = answer.workspace.extra;
    coefficients.resize(outputs_.channels);
    read_extra(network_.head(), answer.outputs[outputs_.instances], answer.workspace.rows[row], coefficients);
    return {answer.workspace.rows[row].box, coefficients};
  }

  [[nodiscard]] DenseMasks dense(const YoloAnswer& answer, const vision::MaskPainter& painter) const {
    DenseMasks masks(answer.workspace.rows.size(), answer.placement.original_size);
    for (std::size_t i = 0; i < masks.count(); ++i) painter.paint(query(answer, i), masks.mask(i));
    return masks;
  }

  [[nodiscard]] RleMasks run_lengths(const YoloAnswer& answer, const vision::MaskPainter& painter) const {
    RleMasks masks{answer.placement.original_size, {}};
    masks.counts.reserve(answer.workspace.rows.size());
    for (std::size_t i = 0; i < answer.workspace.rows.size(); ++i) {
      masks.counts.push_back(painter.run_lengths(query(answer, i)));
    }
    return masks;
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
