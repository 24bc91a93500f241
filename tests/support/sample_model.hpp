// A model as a provider describes it, for tests that care about its packages.
#pragma once

#include <utility>
#include <vector>

#include "inference_exp/model_metadata.hpp"

namespace inference_exp::testing {

inline ModelMetadata detector_with(std::vector<PackageMetadata> packages) {
  ModelMetadata model;
  model.model_id = "coco/3";
  model.architecture = "yolov8";
  model.variant = "yolov8n";
  model.task = "object-detection";
  model.packages = std::move(packages);
  return model;
}

}  // namespace inference_exp::testing
