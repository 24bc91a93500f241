// How near an engine comes to the network that it was made from.
#pragma once

#include <cstddef>
#include <vector>

#include "compile/progress.hpp"
#include "compile/samples.hpp"
#include "core/json.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/model.hpp"

namespace inference_exp {

/// Runs up to `max_images` samples through both, on the same pixels. Throws ModelRuntimeError where outputs differ in
/// number or shape, OperationCancelledError, and what either model throws.
[[nodiscard]] EngineAccuracy compare_engine(const Model& onnx, const Model& engine, const CompileSamples& samples,
                                            std::size_t max_images, CompileReporter& reporter);

/// Boxes of several images, image by image.
[[nodiscard]] DetectionDifference compare_detections(const std::vector<Detections>& onnx,
                                                     const std::vector<Detections>& engine);

[[nodiscard]] Json accuracy_json(const EngineAccuracy& accuracy);
/// The same back; what cannot be read is left out.
[[nodiscard]] EngineAccuracy read_accuracy(const Json& document);

}  // namespace inference_exp
