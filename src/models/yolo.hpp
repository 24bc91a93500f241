// The YOLO family, written once over Session: yolov8 to yolov12 and yolo26; detection, segmentation, key points;
// anchor grids, YOLOv10's ranked rows and packages with fused suppression (models.md, section 3).
//
// Rows whose box or score is NaN or infinite are dropped. Registered in registry.cpp.
#pragma once

#include <memory>

#include "models/registry.hpp"

namespace inference_exp::models {

[[nodiscard]] std::unique_ptr<Model> make_yolo_detection(ModelInit init);
[[nodiscard]] std::unique_ptr<Model> make_yolo_segmentation(ModelInit init);
[[nodiscard]] std::unique_ptr<Model> make_yolo_key_points(ModelInit init);

}  // namespace inference_exp::models
