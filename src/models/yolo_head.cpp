#include "models/yolo_head.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::models {
namespace {

void read_grid(const YoloHead& head, const TensorView& output, const RowFilter& filter, RowWorkspace& workspace,
               std::vector<YoloRow>& rows) {
  const std::span<const float> values = output.floats();
  const auto anchors = static_cast<std::size_t>(output.shape[1]);
  vision::select_candidates({values.subspan(4 * anchors, head.classes * anchors), head.classes, anchors},
                            filter.thresholds, workspace.candidates);
  workspace.boxes.clear();
  workspace.scores.clear();
  workspace.class_ids.clear();
  std::size_t kept = 0;
  for (const vision::Candidate& candidate : workspace.candidates) {
    const float* const box = values.data() + candidate.anchor;
    const vision::BoxF corners = vision::from_center(box[0], box[anchors], box[2 * anchors], box[3 * anchors]);
    if (!vision::is_finite(corners)) continue;
    workspace.candidates[kept++] = candidate;
    workspace.boxes.push_back(corners);
    workspace.scores.push_back(candidate.score);
    workspace.class_ids.push_back(candidate.class_id);
  }
  vision::batched_nms(workspace.boxes, workspace.scores, workspace.class_ids, filter.nms, workspace.nms,
                      workspace.keep);
  for (const std::uint32_t i : workspace.keep) {
    rows.push_back({workspace.boxes[i], workspace.scores[i], workspace.class_ids[i], workspace.candidates[i].anchor});
  }
}

/// The class a row names, or -1 for a NaN.
std::int32_t class_of(float value, std::size_t classes) {
  if (std::isnan(value)) return -1;
  if (value > -1.F && value < static_cast<float>(classes)) return static_cast<std::int32_t>(value);
  throw ModelRuntimeError("The network gave class " + std::to_string(value) + ", but there are only " +
                              std::to_string(classes) + " class names.",
                          "Check that the class names of the package belong to this network.");
}

void read_ready_rows(const YoloHead& head, const TensorView& output, const RowFilter& filter,
                     std::vector<YoloRow>& rows) {
  const std::span<const float> values = output.floats();
  const std::size_t width = head.values_per_row();
  const bool ranked = head.layout == YoloLayout::ranked_rows;
  const float lowest = filter.thresholds.lowest();
  const auto passes = [ranked](float score, float threshold) {
    return ranked ? score > threshold : score >= threshold;
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(output.shape[0]); ++i) {
    if (ranked && rows.size() == filter.nms.max_detections) break;
    const std::span<const float> row = values.subspan(i * width, width);
    const vision::BoxF box{row[0], row[1], row[2], row[3]};
    if (!passes(row[4], lowest) || !std::isfinite(row[4]) || !vision::is_finite(box)) continue;
    const std::int32_t class_id = class_of(row[5], head.classes);
    if (class_id < 0 || !passes(row[4], filter.thresholds.of(class_id))) continue;
    rows.push_back({box, row[4], class_id, i});
  }
}

}  // namespace

YoloLayout yolo_layout(std::string_view architecture, const packages::InferenceConfig& config) {
  if (architecture == "yolov10") return YoloLayout::ranked_rows;
  const bool fused = config.post_processing && config.post_processing->fused;
  return fused || architecture == "yolo26" ? YoloLayout::fused_rows : YoloLayout::anchor_grid;
}

void check_row_shape(const YoloHead& head, const Shape& shape) {
  const std::size_t axis = head.is_grid() ? 0 : 1;
  const auto expected = static_cast<std::int64_t>(head.values_per_row());
  if (shape.rank() == 2 && shape[axis] == expected) return;
  const std::string values = std::to_string(expected);
  throw ModelRuntimeError("The network gave an output of shape " + shape.to_string() + " per image where " +
                              (head.is_grid() ? "[" + values + ", anchors]" : "[rows, " + values + "]") +
                              " was expected for " + std::to_string(head.classes) + " classes.",
                          "Check that class names and post-processing of the package belong to this network.");
}

void read_rows(const YoloHead& head, const TensorView& output, const RowFilter& filter, RowWorkspace& workspace,
               std::vector<YoloRow>& rows) {
  check_row_shape(head, output.shape);
  rows.clear();
  if (head.is_grid()) {
    read_grid(head, output, filter, workspace, rows);
  } else {
    read_ready_rows(head, output, filter, rows);
  }
}

void read_extra(const YoloHead& head, const TensorView& output, const YoloRow& row, std::span<float> values) {
  const std::span<const float> all = output.floats();
  const std::size_t stride = head.is_grid() ? static_cast<std::size_t>(output.shape[1]) : 1;
  const std::size_t first =
      head.is_grid() ? (4 + head.classes) * stride + row.source : row.source * head.values_per_row() + 6;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = all[first + i * stride];
}

}  // namespace inference_exp::models
