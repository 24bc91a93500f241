#include "models/yolo.hpp"
#include "models/yolo_network.hpp"

namespace inference_exp::models {
namespace {

class YoloDetection final : public YoloModel<ObjectDetectionModel> {
 public:
  using YoloModel::infer;
  using YoloModel::YoloModel;

  [[nodiscard]] std::vector<Detections> infer(std::span<const ImageView> images,
                                              const InferenceOptions& options) const override {
    std::vector<Detections> results(images.size());
    network_.run(images, options, [&](const YoloAnswer& answer) { results[answer.image] = to_detections(answer); });
    return results;
  }
  [[nodiscard]] std::vector<Detections> post_process(const NetworkOutputs& outputs,
                                                     std::span<const PreprocessingMetadata> placements,
                                                     const InferenceOptions& options) const override {
    std::vector<Detections> results(placements.size());
    network_.post_process(outputs, placements, options,
                          [&](const YoloAnswer& answer) { results[answer.image] = to_detections(answer); });
    return results;
  }
};

}  // namespace

std::unique_ptr<Model> make_yolo_detection(ModelInit init) {
  return std::make_unique<YoloDetection>(YoloNetwork(std::move(init), 1, 0, 0));
}

}  // namespace inference_exp::models
