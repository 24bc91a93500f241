#include <cmath>
#include <cstring>

#include "fuzzing.hpp"
#include "models/yolo_head.hpp"

namespace {

using namespace inference_exp;
using fuzzing::require;

/// Float bits from the input, repeated to fill the tensor, with now and then one of the values that hurt.
std::vector<float> values(fuzzing::Input& input, std::size_t count) {
  std::vector<float> result(count);
  const std::span<const std::uint8_t> bits = input.rest();
  for (std::size_t i = 0; i < count && bits.size() >= 4; ++i) {
    std::memcpy(&result[i], bits.data() + i * 4 % (bits.size() - 3), 4);
  }
  return result;
}

models::YoloHead head_from(fuzzing::Input& input) {
  using models::YoloLayout;
  constexpr YoloLayout kLayouts[] = {YoloLayout::anchor_grid, YoloLayout::ranked_rows, YoloLayout::fused_rows};
  return {.layout = kLayouts[input.number(0, 2)], .classes = input.number(1, 90), .extra = input.number(0, 51)};
}

/// The shape the head asks for, unless the input chooses to be wrong about it.
Shape shape_from(fuzzing::Input& input, const models::YoloHead& head) {
  const auto rows = static_cast<std::int64_t>(input.number(0, 400));
  const auto row_length = static_cast<std::int64_t>(head.values_per_row());
  const std::size_t mistake = input.number(0, 15);
  const bool grid = head.is_grid();
  Shape shape = grid ? Shape{row_length, rows} : Shape{rows, row_length};
  if (mistake == 1) shape = grid ? Shape{row_length + 1, rows} : Shape{rows, row_length - 1};
  if (mistake == 2) shape = Shape{rows};
  if (mistake == 3) shape = Shape{1, 1, rows, row_length};
  if (mistake == 4) shape = Shape{};
  return shape;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const models::YoloHead head = head_from(input);
  const Shape shape = shape_from(input, head);
  std::vector<float> per_class(input.number(0, 1) * head.classes, 0.25F);
  const models::RowFilter filter{
      .thresholds = {.uniform = static_cast<float>(input.byte()) / 255.0F, .per_class = per_class},
      .nms = {.iou_threshold = static_cast<double>(input.byte()) / 255.0,
              .max_detections = input.number(1, 300),
              .class_agnostic = input.number(0, 1) == 1}};
  std::vector<float> tensor = values(input, shape.element_count());
  const TensorView output{tensor.data(), DType::f32, shape};

  fuzzing::allow_refusal<ModelRuntimeError>([&] {
    models::RowWorkspace workspace;
    std::vector<models::YoloRow> rows;
    models::read_rows(head, output, filter, workspace, rows);
    std::vector<float> extra(head.extra);
    for (const models::YoloRow& row : rows) {
      require(std::isfinite(row.score) && row.class_id >= 0 && static_cast<std::size_t>(row.class_id) < head.classes);
      models::read_extra(head, output, row, extra);
    }
  });
  return 0;
}
