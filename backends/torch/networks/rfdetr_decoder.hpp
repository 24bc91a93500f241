// RF-DETR's decoder: queries that attend to each other and to a few points of the feature levels (deformable
// attention, Zhu et al., 2021), with boxes given relative to reference boxes.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "networks/layers.hpp"
#include "networks/network.hpp"
#include "networks/rfdetr.hpp"

namespace inference_exp::torch_backend {

/// The feature levels side by side, [B, sum of h * w, hidden], and their sizes.
struct Memory {
  at::Tensor tokens;
  std::vector<std::pair<std::int64_t, std::int64_t>> sizes;  ///< rows, columns
};

/// `offset` moves and scales `boxes` (both cx, cy, w, h): the centre by parts of the size, the size by exp.
[[nodiscard]] at::Tensor move_boxes(const at::Tensor& offset, const at::Tensor& boxes);

class RfdetrDecoder {
 public:
  RfdetrDecoder(Weights& weights, const RfdetrShape& shape);

  /// Queries [B, Q, hidden] with reference boxes [B, Q, 4] to normed queries.
  [[nodiscard]] at::Tensor forward(const at::Tensor& queries, const at::Tensor& boxes, const Memory& memory,
                                   Tracer* tracer) const;

 private:
  struct Layer {
    Linear qk, value, attended;  ///< self-attention; query and key side by side, the query scaled
    Linear offsets, point_weights, memory_value, looked_up;
    Linear feed1, feed2;
    LayerNorm norm1, norm2, norm3;
  };
  [[nodiscard]] Layer take_layer(Weights& weights, std::int64_t index) const;
  [[nodiscard]] at::Tensor self_attention(const Layer& layer, const at::Tensor& queries,
                                          const at::Tensor& places) const;
  [[nodiscard]] at::Tensor cross_attention(const Layer& layer, const std::string& name, const at::Tensor& queries,
                                           const at::Tensor& boxes, const Memory& memory, Tracer* tracer) const;

  RfdetrShape shape_;
  std::vector<Layer> layers_;
  LayerNorm norm_;
  Perceptron place_head_;
  at::Tensor frequencies_;
};

}  // namespace inference_exp::torch_backend
