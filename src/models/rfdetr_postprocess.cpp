#include "models/rfdetr_postprocess.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "inference_exp/errors.hpp"
#include "vision/boxes.hpp"

namespace inference_exp::models {
namespace {

bool ranks_before(const RfdetrCandidate& a, const RfdetrCandidate& b) noexcept {
  return a.logit != b.logit ? a.logit > b.logit : a.index < b.index;
}

bool scores_before(const RfdetrCandidate& a, const RfdetrCandidate& b) noexcept {
  return a.score != b.score ? a.score > b.score : ranks_before(a, b);
}

/// A logit that none whose sigmoid, in f32, is above `threshold` reaches down to. The margin is wider than the
/// sigmoid's rounding.
float floor_of(float threshold) noexcept {
  constexpr double kMargin = 1e-6;
  constexpr double kSmallest = 1e-37;  // below it, results of the sigmoid lose digits
  if (threshold >= 1) return std::numeric_limits<float>::infinity();
  const double lowered = static_cast<double>(threshold) * (1 - kMargin);
  if (lowered < kSmallest) return -std::numeric_limits<float>::infinity();
  const auto logit = static_cast<float>(std::log(lowered / (1 - lowered)));
  return std::nextafter(logit, -std::numeric_limits<float>::infinity());
}

/// The elements above `floor`. Most queries have none, so that a row is looked through without branches first.
void collect(const RfdetrLogits& logits, float floor, std::vector<RfdetrCandidate>& candidates) {
  candidates.clear();
  for (std::size_t query = 0; query < logits.queries; ++query) {
    const std::size_t begin = query * logits.classes;
    const std::span<const float> row = logits.values.subspan(begin, logits.classes);
    int above = 0;
    for (const float logit : row) above |= static_cast<int>(logit > floor);
    if (above == 0) continue;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (row[c] > floor) candidates.push_back({row[c], static_cast<std::uint32_t>(begin + c), 0});
    }
  }
}

/// Scores the candidates and keeps those that pass.
void keep_passing(std::size_t network_classes, const ClassMap& classes, const vision::ScoreThresholds& thresholds,
                  std::vector<RfdetrCandidate>& candidates) {
  std::erase_if(candidates, [&](RfdetrCandidate& candidate) {
    candidate.score = sigmoid(candidate.logit);
    const std::int32_t class_id = classes.of(candidate.index % network_classes);
    return class_id == ClassMap::kDropped || !(candidate.score > thresholds.of(class_id));
  });
}

RfdetrRow to_row(const RfdetrCandidate& candidate, std::size_t network_classes, const ClassMap& classes) {
  return {candidate.score, classes.of(candidate.index % network_classes),
          static_cast<std::uint32_t>(candidate.index / network_classes)};
}

}  // namespace

void select_rows(const RfdetrLogits& logits, const ClassMap& classes, const vision::ScoreThresholds& thresholds,
                 std::vector<RfdetrCandidate>& candidates, std::vector<RfdetrRow>& rows) {
  // What lies below every threshold can't push anything out of the best that passes.
  collect(logits, logit_floor(thresholds), candidates);
  if (candidates.size() > logits.queries) {
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(logits.queries);
    std::nth_element(candidates.begin(), end, candidates.end(), ranks_before);
    candidates.erase(end, candidates.end());
  }
  finish_rows(logits.classes, classes, thresholds, candidates, rows);
}

float logit_floor(const vision::ScoreThresholds& thresholds) noexcept { return floor_of(thresholds.lowest()); }

void finish_rows(std::size_t network_classes, const ClassMap& classes, const vision::ScoreThresholds& thresholds,
                 std::vector<RfdetrCandidate>& candidates, std::vector<RfdetrRow>& rows) {
  keep_passing(network_classes, classes, thresholds, candidates);
  std::ranges::sort(candidates, scores_before);
  rows.clear();
  for (const RfdetrCandidate& candidate : candidates) rows.push_back(to_row(candidate, network_classes, classes));
}

std::vector<RfdetrRow> select_rows_reference(const RfdetrLogits& logits, const ClassMap& classes,
                                             const vision::ScoreThresholds& thresholds) {
  std::vector<RfdetrCandidate> all;
  for (std::size_t i = 0; i < logits.values.size(); ++i) {
    const float logit = logits.values[i];
    if (!std::isnan(logit)) all.push_back({logit, static_cast<std::uint32_t>(i), sigmoid(logit)});
  }
  std::ranges::stable_sort(all, std::greater{}, &RfdetrCandidate::logit);
  all.resize(std::min(all.size(), logits.queries));
  std::ranges::stable_sort(all, std::greater{}, &RfdetrCandidate::score);
  std::vector<RfdetrRow> rows;
  for (const RfdetrCandidate& candidate : all) {
    const RfdetrRow row = to_row(candidate, logits.classes, classes);
    if (row.class_id != ClassMap::kDropped && row.score > thresholds.of(row.class_id)) rows.push_back(row);
  }
  return rows;
}

void check_query_shapes(const Shape& boxes, const Shape& labels) {
  if (labels.rank() == 2 && labels[0] >= 0 && labels[1] > 0 && boxes == Shape{labels[0], 4}) return;
  throw ModelRuntimeError("The network gave boxes of shape " + boxes.to_string() + " and labels of shape " +
                              labels.to_string() + " for one image.",
                          "An RF-DETR network gives [queries, 4] and [queries, classes].");
}

RfdetrLogits read_logits(const TensorView& boxes, const TensorView& labels) {
  check_query_shapes(boxes.shape, labels.shape);
  const Shape& shape = labels.shape;
  return {labels.floats(), static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1])};
}

Detections to_detections(std::span<const RfdetrRow> rows, const TensorView& boxes,
                         const PreprocessingMetadata& placement) {
  const vision::PixelMapping mapping(placement);
  const Size reference = placement.intermediate_size.value_or(placement.inference_size);
  const auto width = static_cast<float>(reference.width);
  const auto height = static_cast<float>(reference.height);
  const std::span<const float> values = boxes.floats();
  std::vector<Box> xyxy;
  std::vector<std::int32_t> class_id;
  std::vector<float> confidence;
  xyxy.reserve(rows.size());
  class_id.reserve(rows.size());
  confidence.reserve(rows.size());
  for (const RfdetrRow& row : rows) {
    const std::span<const float> box = values.subspan(std::size_t{row.query} * 4, 4);
    const vision::BoxF part = vision::from_center(box[0], box[1], box[2], box[3]);
    const vision::BoxF pixels{part.x1 * width, part.y1 * height, part.x2 * width, part.y2 * height};
    if (!vision::is_finite(pixels)) continue;
    xyxy.push_back(mapping.box(pixels));
    class_id.push_back(row.class_id);
    confidence.push_back(row.score);
  }
  return {std::move(xyxy), std::move(class_id), std::move(confidence)};
}

}  // namespace inference_exp::models
