// A package of CLIP whose networks can be worked out by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "backends/onnx_writer.hpp"

namespace inference_exp::testing {

/// Images [B, 3, 8, 8] to the mean of each channel.
inline OnnxModel visual_graph() {
  return {.inputs = {{"image", OnnxType::f32, {"batch", 3, 8, 8}}},
          .outputs = {{"embeddings", OnnxType::f32, {"batch", 3}}},
          .nodes = {{"ReduceMean",
                     {"image"},
                     {"embeddings"},
                     {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}}}},
          .metadata = {},
          .opset = 9};
}

/// Token ids [B, 77] to the first three of each.
inline OnnxModel textual_graph() {
  const std::vector<std::int64_t> starts{0};
  const std::vector<std::int64_t> ends{3};
  const std::vector<std::int64_t> axes{1};
  return {.inputs = {{"tokens", OnnxType::i64, {"batch", 77}}},
          .outputs = {{"embeddings", OnnxType::f32, {"batch", 3}}},
          .nodes = {{"Cast", {"tokens"}, {"floats"}, {{"to", std::int64_t{1}}}},
                    {"Slice", {"floats"}, {"embeddings"}, {{"axes", axes}, {"starts", starts}, {"ends", ends}}}},
          .metadata = {},
          .opset = 9};
}

/// Without a vocabulary.
inline void write_clip_package(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  write_file(folder / "model_config.json",
             R"({"model_architecture": "clip", "task_type": "embedding", "backend_type": "onnx"})");
  write_file(folder / "visual.onnx", onnx_bytes(visual_graph()));
  write_file(folder / "textual.onnx", onnx_bytes(textual_graph()));
}

}  // namespace inference_exp::testing
