// Packages and tensors that the RF-DETR tests are made of.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/fake_session.hpp"
#include "models/registry.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/golden.hpp"

namespace inference_exp::testing {

/// Stretch to `size` x `size`, RGB, 1/255 and no normalization, so that a fake session sees the grey value.
inline packages::InferenceConfig stretch_config(std::int32_t size) {
  packages::InferenceConfig config;
  config.network_input.training_input_size = {size, size};
  config.network_input.resize_mode = ResizeMode::stretch;
  config.network_input.scaling_factor = 255;
  return config;
}

/// What one image gets from an RF-DETR network.
struct RfdetrTensors {
  std::vector<float> boxes;
  std::vector<float> logits;
  std::int64_t queries = 0;
  std::int64_t classes = 0;

  [[nodiscard]] FakeOutput dets() const { return {{-1, queries, 4}, {queries, 4}, {boxes}, "dets"}; }
  [[nodiscard]] FakeOutput labels() const { return {{-1, queries, classes}, {queries, classes}, {logits}, "labels"}; }
  [[nodiscard]] std::vector<FakeOutput> outputs() const { return {dets(), labels()}; }
};

/// golden_vectors.json's rf_tensors.
inline RfdetrTensors golden_rfdetr_tensors(std::uint32_t seed, std::int64_t queries, std::int64_t classes) {
  Lcg random(seed);
  RfdetrTensors tensors{{}, {}, queries, classes};
  for (std::int64_t query = 0; query < queries; ++query) {
    for (int i = 0; i < 2; ++i) tensors.boxes.push_back(0.2F + 0.6F * random.uniform());
    for (int i = 0; i < 2; ++i) tensors.boxes.push_back(0.05F + 0.45F * random.uniform());
    for (std::int64_t c = 0; c < classes; ++c) tensors.logits.push_back((random.uniform() - 0.5F) * 8);
  }
  return tensors;
}

/// One query per box; every one is sure of class `class_id` of `classes`.
inline RfdetrTensors sure_boxes(const std::vector<std::array<float, 4>>& boxes, std::size_t class_id,
                                std::size_t classes) {
  RfdetrTensors tensors{{}, {}, static_cast<std::int64_t>(boxes.size()), static_cast<std::int64_t>(classes)};
  for (const std::array<float, 4>& box : boxes) {
    tensors.boxes.insert(tensors.boxes.end(), box.begin(), box.end());
    for (std::size_t c = 0; c < classes; ++c) tensors.logits.push_back(c == class_id ? 8.F : -8.F);
  }
  return tensors;
}

inline models::ModelInit rfdetr_init(std::int32_t size, std::size_t classes, std::vector<FakeOutput> outputs) {
  models::ModelInit init;
  init.session = std::make_shared<FakeSession>(Shape{-1, 3, size, size}, std::move(outputs));
  init.architecture = "rfdetr";
  init.task = "object-detection";
  init.config = stretch_config(size);
  init.class_names = numbered_classes(classes);
  return init;
}

}  // namespace inference_exp::testing
