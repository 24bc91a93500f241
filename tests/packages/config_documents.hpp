// inference_config.json documents that tests start from.
#pragma once

#include <nlohmann/json.hpp>

namespace inference_exp::testing {

/// Only what must be there.
inline nlohmann::json smallest_config() {
  return nlohmann::json::parse(R"({
    "network_input": {
      "training_input_size": {"height": 480, "width": 640},
      "dynamic_spatial_size_supported": false,
      "color_mode": "rgb",
      "resize_mode": "stretch",
      "input_channels": 3
    }
  })");
}

/// Every key that the format knows.
inline nlohmann::json fullest_config() {
  return nlohmann::json::parse(R"({
    "image_pre_processing": {
      "auto-orient": {"enabled": true},
      "static-crop": {"enabled": true, "x_min": 10, "x_max": 90, "y_min": 5, "y_max": 95},
      "contrast": {"enabled": true, "type": "Adaptive Equalization"},
      "grayscale": {"enabled": true}
    },
    "network_input": {
      "training_input_size": {"height": 480, "width": 640},
      "dataset_version_resize_dimensions": {"height": 300, "width": 500},
      "dynamic_spatial_size_supported": true,
      "dynamic_spatial_size_mode": {"type": "pad-to-be-divisible", "value": 16},
      "color_mode": "bgr",
      "resize_mode": "letterbox",
      "padding_value": 114,
      "input_channels": 3,
      "scaling_factor": 255,
      "normalization": [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]
    },
    "forward_pass": {"static_batch_size": 4, "max_dynamic_batch_size": 8},
    "post_processing": {
      "type": "nms", "fused": true,
      "nms_parameters": {
        "max_detections": 50, "confidence_threshold": 0.1, "iou_threshold": 0.9, "class_agnostic": 1
      }
    },
    "model_initialization": {"num_queries": 300},
    "class_names_operations": [{"type": "class_name_removal", "class_name": "background"}]
  })");
}

}  // namespace inference_exp::testing
