// How a YOLO network lays out its answer, and the rows read from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor.hpp"
#include "packages/inference_config.hpp"
#include "vision/candidates.hpp"
#include "vision/nms.hpp"

namespace inference_exp::models {

enum class YoloLayout : std::uint8_t {
  anchor_grid,  ///< [4 + C + extra, A]: cx, cy, w, h, a score per class; needs suppression
  ranked_rows,  ///< YOLOv10, [N, 6 + extra]: x1, y1, x2, y2, score, class; best first
  fused_rows,   ///< the same rows, thresholds and suppression frozen at export; all that reach the threshold are kept
};

/// The shape of the first output; `extra` values per row follow box and scores: mask coefficients or key points.
struct YoloHead {
  YoloLayout layout = YoloLayout::anchor_grid;
  std::size_t classes = 0;
  std::size_t extra = 0;

  [[nodiscard]] bool is_grid() const noexcept { return layout == YoloLayout::anchor_grid; }
  /// Length of the axis that holds one row's values.
  [[nodiscard]] std::size_t values_per_row() const noexcept { return (is_grid() ? 4 + classes : 6) + extra; }
};

/// What a package's architecture and configuration say about the layout.
[[nodiscard]] YoloLayout yolo_layout(std::string_view architecture, const packages::InferenceConfig& config);

/// One detection in network pixels; `source` is its anchor or row in the output.
struct YoloRow {
  vision::BoxF box;
  float score = 0;
  std::int32_t class_id = 0;
  std::size_t source = 0;
};

struct RowFilter {
  vision::ScoreThresholds thresholds;
  vision::NmsOptions nms;
};

/// Buffers that are reused from call to call.
struct RowWorkspace {
  std::vector<vision::Candidate> candidates;
  std::vector<vision::BoxF> boxes;
  std::vector<float> scores;
  std::vector<std::int32_t> class_ids;
  std::vector<std::uint32_t> keep;
  vision::NmsWorkspace nms;
};

/// Throws ModelRuntimeError unless one image's output has the head's shape.
void check_row_shape(const YoloHead& head, const Shape& shape);

/// The rows of one image that pass, in result order. Throws ModelRuntimeError when `output` does not have the head's
/// shape or names a class that does not exist.
void read_rows(const YoloHead& head, const TensorView& output, const RowFilter& filter, RowWorkspace& workspace,
               std::vector<YoloRow>& rows);

/// Copies the first extra values of a row, as many as `values` has room for. `output` is what the row was read from.
void read_extra(const YoloHead& head, const TensorView& output, const YoloRow& row, std::span<float> values);

}  // namespace inference_exp::models
