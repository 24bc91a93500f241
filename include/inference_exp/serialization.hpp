// Results as JSON text.
//
// Contract: keys are stable and documented here; numbers are finite. Returned strings are UTF-8 without a final
// newline.
//
//   detection:  {"x_min","y_min","x_max","y_max","class_id","class","confidence"}
//   instance:   + "mask": {"size": [height, width], "counts": COCO run lengths}   (dense masks are encoded)
//   key points: + "keypoints": [{"x","y","confidence","name"}, ...]               (empty slots left out)
#pragma once

#include <span>
#include <string>

#include "inference_exp/environment.hpp"
#include "inference_exp/export.hpp"
#include "inference_exp/model.hpp"
#include "inference_exp/predictions.hpp"

namespace inference_exp {

/// A JSON array, one object per row. A class id without a name gets "class": "<id>".
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const Detections& detections,
                                                    std::span<const std::string> class_names);
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const InstanceDetections& instances,
                                                    std::span<const std::string> class_names);
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const KeyPoints& key_points,
                                                    std::span<const std::string> class_names,
                                                    std::span<const Skeleton> skeletons);

/// A JSON object with the fields of EnvironmentDescription.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const EnvironmentDescription& environment);

}  // namespace inference_exp
