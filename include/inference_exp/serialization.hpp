// Results as JSON text.
//
// Contract: keys are stable and documented here; numbers are finite. Returned strings are UTF-8 without a final
// newline. What is unknown is null, never left out.
//
//   detection:  {"x_min","y_min","x_max","y_max","class_id","class","confidence"}
//   instance:   + "mask": {"size": [height, width], "counts": COCO run lengths}   (dense masks are encoded)
//   key points: + "keypoints": [{"x","y","confidence","name"}, ...]               (empty slots left out)
//
//   model:    {"model_id","architecture","variant","task","dependencies": [{"name","model_id","package_id"}],
//              "recommended","packages": [package, ...],"skipped": [{"package_id","kind","reason"}]}
//   package:  {"package_id","backend","quantization","trusted","batch": {"dynamic","static_size","min","opt","max"},
//              "details","files": [{"handle","md5"}],"features": {name: value},"recommended"}
//             "details" is null or has a "kind":
//               "onnx":         "opset","incompatible_providers"
//               "trt":          "device_name","compute_capability","cuda_version","trt_version","same_cc_compatible",
//                               "forward_compatible","lean_runtime_excluded","machine" ("gpu-server" or "jetson"),
//                               "driver_version","os_version","l4t_version","jetson_name"
//               "torch-script": "device_types","torch_version","torchvision_version"
//             "recommended" is null or {"confidence","per_class_confidence": {class: confidence}}
//   Addresses of files are left out: they may carry a permission to read.
#pragma once

#include <span>
#include <string>

#include "inference_exp/environment.hpp"
#include "inference_exp/export.hpp"
#include "inference_exp/hub.hpp"
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

/// A JSON array with an array of numbers for each vector.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const Embeddings& embeddings);

/// A JSON object with the fields of EnvironmentDescription.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const EnvironmentDescription& environment);

/// The objects "package" and "model" from above.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const PackageMetadata& package);
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const ModelMetadata& model);

/// {"requested_model","weights_provider","license","model"}, where each package also has "bytes" (null: not asked for)
/// and "bytes_complete" (false: there are more, or they are not known).
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const DescribedModel& described);

/// {"requested_model","model": {"model_id","architecture","variant","task","package_count"},"ranking","filters",
///  "ranked": [{"package_id","backend","quantization","keys": [{"name","value","text"}]}],
///  "rejections": [{"package_id","stage","reason","details": {name: text}}],"skipped"}; the best package comes first.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const Decision& decision);

/// {"model_id","package_id","folder","bytes"}
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const PulledModel& pulled);

/// {"bytes","removed": [path, ...]}
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const PrunedCache& pruned);

/// {"model_id","aliases","architecture","task","recorded_at","packages"}, with packages as for a VerifiedPackage.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(const OfflineModel& model);
/// An array of these.
[[nodiscard]] INFERENCE_EXP_API std::string to_json(std::span<const OfflineModel> models);

/// [{"id","architecture","task","license","open"}, ...]
[[nodiscard]] INFERENCE_EXP_API std::string to_json(std::span<const RegisteredModel> models);

/// [{"model_id","package_id","folder","architecture","task","backend","license","bytes","complete"}, ...]
[[nodiscard]] INFERENCE_EXP_API std::string to_json(std::span<const CachedPackage> packages);

/// [{"model_id","package_id","status","files": [{"handle","status"}]}, ...]
[[nodiscard]] INFERENCE_EXP_API std::string to_json(std::span<const VerifiedPackage> packages);

}  // namespace inference_exp
