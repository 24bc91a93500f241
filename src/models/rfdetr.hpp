// RF-DETR object detection, written once over Session: the best rows over queries and classes, no suppression
// (models.md, sections 4.1 and 4.2).
//
// Where the original's backends differ among each other, every backend here does what its ONNX and TensorRT models do,
// so that equal packages give equal results: rows sorted by score, boxes clamped to the image, sides taken as they are.
// Pictures of floats are resized as floats; between the two steps of a two-step resize they become bytes. Rows whose
// box or score is NaN or infinite are dropped. Registered in registry.cpp.
#pragma once

#include <memory>
#include <string_view>

#include "models/registry.hpp"

namespace inference_exp::models {

/// The architecture as packages name it.
inline constexpr std::string_view kRfdetr = "rfdetr";

/// Throws CorruptedModelPackageError when the network and what the package says of it do not fit together.
[[nodiscard]] std::unique_ptr<Model> make_rfdetr_detection(ModelInit init);

}  // namespace inference_exp::models
