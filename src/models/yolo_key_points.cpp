#include <algorithm>
#include <cmath>

#include "models/yolo.hpp"
#include "models/yolo_checks.hpp"
#include "models/yolo_network.hpp"

namespace inference_exp::models {
namespace {

constexpr std::size_t kValuesPerPoint = 3;  // x, y, confidence

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

class YoloKeyPoints final : public YoloModel<KeyPointDetectionModel> {
 public:
  using YoloModel::infer;
  using YoloModel::YoloModel;

  [[nodiscard]] std::vector<KeyPoints> infer(std::span<const ImageView> images,
                                             const InferenceOptions& options) const override {
    std::vector<KeyPoints> results(images.size());
    network_.run(images, options, [&](const YoloAnswer& answer) { results[answer.image] = to_key_points(answer); });
    return results;
  }
  [[nodiscard]] std::vector<KeyPoints> post_process(const NetworkOutputs& outputs,
                                                    std::span<const PreprocessingMetadata> placements,
                                                    const InferenceOptions& options) const override {
    std::vector<KeyPoints> results(placements.size());
    network_.post_process(outputs, placements, options,
                          [&](const YoloAnswer& answer) { results[answer.image] = to_key_points(answer); });
    return results;
  }

  [[nodiscard]] std::span<const Skeleton> skeletons() const noexcept override { return network_.init().skeletons; }

 private:
  [[nodiscard]] KeyPoints to_key_points(const YoloAnswer& answer) const {
    const std::vector<YoloRow>& rows = answer.workspace.rows;
    std::vector<float>& values = answer.workspace.extra;
    const vision::PixelMapping mapping(answer.placement);
    KeyPoints result;
    result.slots = network_.head().extra / kValuesPerPoint;
    result.points.resize(rows.size() * result.slots);
    values.resize(network_.head().extra);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      network_.read_extra(answer, i, values);
      const auto class_id = static_cast<std::size_t>(rows[i].class_id);
      const std::size_t own_points = network_.init().skeletons[class_id].key_point_names.size();
      for (std::size_t slot = 0; slot < own_points; ++slot) {
        const std::span<const float> point = std::span(values).subspan(slot * kValuesPerPoint, kValuesPerPoint);
        if (point[2] < answer.settings.key_points_threshold || !all_finite(point)) continue;
        const vision::PointF at = mapping.point(point[0], point[1]);
        result.points[i * result.slots + slot] = {vision::round_to_int32(at.x), vision::round_to_int32(at.y), point[2]};
      }
    }
    result.detections = to_detections(answer);
    return result;
  }
};

}  // namespace

std::unique_ptr<Model> make_yolo_key_points(ModelInit init) {
  const std::size_t slots = key_point_slots(init.skeletons, init.class_names.size());
  return std::make_unique<YoloKeyPoints>(YoloNetwork(std::move(init), 1, 0, slots * kValuesPerPoint));
}

}  // namespace inference_exp::models
