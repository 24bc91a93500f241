// The rows of an RF-DETR network that are worth reporting (models.md, section 4.2).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/preprocessing.hpp"
#include "core/tensor.hpp"
#include "inference_exp/predictions.hpp"
#include "models/rfdetr_classes.hpp"
#include "vision/candidates.hpp"

namespace inference_exp::models {

/// In f32, as the original does.
[[nodiscard]] inline float sigmoid(float logit) noexcept { return 1.F / (1.F + std::exp(-logit)); }

/// One image's logits: values[query * classes + class].
struct RfdetrLogits {
  std::span<const float> values;
  std::size_t queries = 0;
  std::size_t classes = 0;
};

/// A row that passed: `class_id` is the reported one.
struct RfdetrRow {
  float score = 0;
  std::int32_t class_id = 0;
  std::uint32_t query = 0;
  friend bool operator==(const RfdetrRow&, const RfdetrRow&) = default;
};

/// An element of the logits, while rows are chosen.
struct RfdetrCandidate {
  float logit = 0;
  std::uint32_t index = 0;
  float score = 0;
};

/// Of all logits the best ones, as many as there are queries (the lower index first among equals, NaN never); of those
/// the ones whose class is reported and whose score is above its threshold, best first. `candidates` is reused memory.
void select_rows(const RfdetrLogits& logits, const ClassMap& classes, const vision::ScoreThresholds& thresholds,
                 std::vector<RfdetrCandidate>& candidates, std::vector<RfdetrRow>& rows);

/// No logit that is not above this can become a row. May be -infinity.
[[nodiscard]] float logit_floor(const vision::ScoreThresholds& thresholds) noexcept;

/// The second half of select_rows: `candidates` are the best logits above the floor, at most as many as there are
/// queries. `network_classes` is the width of the logits.
void finish_rows(std::size_t network_classes, const ClassMap& classes, const vision::ScoreThresholds& thresholds,
                 std::vector<RfdetrCandidate>& candidates, std::vector<RfdetrRow>& rows);

/// The plain twin that defines the truth.
[[nodiscard]] std::vector<RfdetrRow> select_rows_reference(const RfdetrLogits& logits, const ClassMap& classes,
                                                           const vision::ScoreThresholds& thresholds);

/// Throws ModelRuntimeError unless one image's outputs are [queries, 4] and [queries, classes].
void check_query_shapes(const Shape& boxes, const Shape& labels);

/// One image's "labels" as logits. Throws as check_query_shapes does.
[[nodiscard]] RfdetrLogits read_logits(const TensorView& boxes, const TensorView& labels);

/// The rows as Detections in pixels of the original image. `boxes` are centres and sides in parts of the picture that
/// `placement` refers to: the network's input, or the one between two resizes.
[[nodiscard]] Detections to_detections(std::span<const RfdetrRow> rows, const TensorView& boxes,
                                       const PreprocessingMetadata& placement);

}  // namespace inference_exp::models
