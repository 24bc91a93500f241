#include "compile/accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

constexpr double kSameBox = 0.5;

/// Not a number on one side alone is as far off as can be, and must not go unnoticed.
double difference_of(double onnx, double engine) {
  if (onnx == engine || (std::isnan(onnx) && std::isnan(engine))) return 0;
  const double difference = std::abs(onnx - engine);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

/// Sums over images and values.
struct OutputSum {
  double max_abs = 0;
  double sum_abs = 0;
  double largest = 0;
  std::size_t values = 0;

  void add(const FloatTensor& onnx, const FloatTensor& engine) {
    for (std::size_t i = 0; i < onnx.values.size(); ++i) {
      const double difference = difference_of(double{onnx.values[i]}, double{engine.values[i]});
      max_abs = std::max(max_abs, difference);
      sum_abs += difference;
      if (const double magnitude = std::abs(double{onnx.values[i]}); magnitude > largest) largest = magnitude;
    }
    values += onnx.values.size();
  }
  [[nodiscard]] OutputDifference result() const {
    return {
        .max_abs = max_abs, .mean_abs = values != 0 ? sum_abs / static_cast<double>(values) : 0, .largest = largest};
  }
};

void add_outputs(std::vector<OutputSum>& sums, const NetworkOutputs& onnx, const NetworkOutputs& engine) {
  if (onnx.size() != engine.size()) {
    throw ModelRuntimeError("The engine has " + std::to_string(engine.size()) + " outputs, its ONNX network " +
                                std::to_string(onnx.size()) + ".",
                            "The engine was not kept; run the ONNX package.");
  }
  sums.resize(onnx.size());
  for (std::size_t i = 0; i < onnx.size(); ++i) {
    if (onnx[i].shape != engine[i].shape) {
      throw ModelRuntimeError("Output " + std::to_string(i) + " of the engine has another shape than in ONNX.",
                              "The engine was not kept; run the ONNX package.");
    }
    sums[i].add(onnx[i], engine[i]);
  }
}

/// The boxes that post-processing finds; nothing for tasks without boxes.
std::optional<Detections> boxes_of(const Model& model, const NetworkOutputs& outputs,
                                   const std::vector<PreprocessingMetadata>& placements) {
  if (const auto* boxes = dynamic_cast<const ObjectDetectionModel*>(&model)) {
    return std::move(boxes->post_process(outputs, placements).front());
  }
  if (const auto* masks = dynamic_cast<const InstanceSegmentationModel*>(&model)) {
    InferenceOptions options;
    options.mask_format = MaskFormat::rle;
    return std::move(masks->post_process(outputs, placements, options).front().detections);
  }
  if (const auto* points = dynamic_cast<const KeyPointDetectionModel*>(&model)) {
    return std::move(points->post_process(outputs, placements).front().detections);
  }
  return std::nullopt;
}

double area_of(const Box& box) {
  const std::int64_t width = std::int64_t{box.x_max} - box.x_min;
  const std::int64_t height = std::int64_t{box.y_max} - box.y_min;
  return width > 0 && height > 0 ? static_cast<double>(width) * static_cast<double>(height) : 0;
}

double overlap_of(const Box& left, const Box& right) {
  const Box common{std::max(left.x_min, right.x_min), std::max(left.y_min, right.y_min),
                   std::min(left.x_max, right.x_max), std::min(left.y_max, right.y_max)};
  const double shared = area_of(common);
  const double together = area_of(left) + area_of(right) - shared;
  return together > 0 ? shared / together : (left == right ? 1 : 0);
}

/// Matches the boxes of one image: each ONNX box, best first, takes the free box of its class that overlaps most.
void match_boxes(const Detections& onnx, const Detections& engine, DetectionDifference& sum) {
  std::vector<bool> taken(engine.size(), false);
  for (std::size_t i = 0; i < onnx.size(); ++i) {
    double best = 0;
    std::size_t partner = engine.size();
    for (std::size_t j = 0; j < engine.size(); ++j) {
      if (taken[j] || engine.class_id()[j] != onnx.class_id()[i]) continue;
      const double overlap = overlap_of(onnx.xyxy()[i], engine.xyxy()[j]);
      if (overlap < kSameBox || overlap <= best) continue;
      best = overlap;
      partner = j;
    }
    if (partner == engine.size()) continue;
    taken[partner] = true;
    const double score = std::abs(double{onnx.confidence()[i]} - double{engine.confidence()[partner]});
    sum.min_iou = sum.matched == 0 ? best : std::min(sum.min_iou, best);
    sum.max_score_difference = std::max(sum.max_score_difference, score);
    sum.mean_iou += best;
    sum.mean_score_difference += score;
    ++sum.matched;
  }
  sum.onnx_boxes += onnx.size();
  sum.engine_boxes += engine.size();
}

}  // namespace

DetectionDifference compare_detections(const std::vector<Detections>& onnx, const std::vector<Detections>& engine) {
  DetectionDifference sum;
  for (std::size_t i = 0; i < std::min(onnx.size(), engine.size()); ++i) match_boxes(onnx[i], engine[i], sum);
  if (sum.matched != 0) {
    sum.mean_iou /= static_cast<double>(sum.matched);
    sum.mean_score_difference /= static_cast<double>(sum.matched);
  }
  return sum;
}

EngineAccuracy compare_engine(const Model& onnx, const Model& engine, const CompileSamples& samples,
                              std::size_t max_images, CompileReporter& reporter) {
  EngineAccuracy accuracy;
  accuracy.images = std::min(samples.count(), std::max<std::size_t>(max_images, 1));
  accuracy.made_up_image = samples.made_up();
  std::vector<OutputSum> sums;
  std::vector<Detections> onnx_boxes;
  std::vector<Detections> engine_boxes;
  const auto steps = static_cast<std::int32_t>(accuracy.images);
  for (std::int32_t step = 0; step < steps; ++step) {
    reporter.require("Comparing with the ONNX network", step, steps);
    const ImageView image = samples.at(static_cast<std::size_t>(step));
    // The engine's size is fixed; the ONNX network takes the same pixels.
    const PreparedImages prepared = engine.pre_process(std::span(&image, 1));
    const NetworkOutputs of_onnx = onnx.forward(prepared.pixels);
    const NetworkOutputs of_engine = engine.forward(prepared.pixels);
    add_outputs(sums, of_onnx, of_engine);
    if (std::optional<Detections> boxes = boxes_of(onnx, of_onnx, prepared.placements)) {
      onnx_boxes.push_back(*std::move(boxes));
      engine_boxes.push_back(*boxes_of(engine, of_engine, prepared.placements));
    }
  }
  for (const OutputSum& sum : sums) accuracy.outputs.push_back(sum.result());
  if (!onnx_boxes.empty()) accuracy.detections = compare_detections(onnx_boxes, engine_boxes);
  return accuracy;
}

}  // namespace inference_exp
