// DINOv2 (Oquab et al., 2023) with attention inside windows of the picture, as RF-DETR's encoder uses it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "networks/layers.hpp"
#include "networks/network.hpp"
#include "networks/rfdetr.hpp"

namespace inference_exp::torch_backend {

class Dinov2 {
 public:
  Dinov2(Weights& weights, const RfdetrShape& shape);

  /// [B, 3, H, W] to one [B, width, H / patch, W / patch] per stage.
  [[nodiscard]] std::vector<at::Tensor> forward(const at::Tensor& image, Tracer* tracer) const;

 private:
  struct Layer {
    LayerNorm norm1, norm2;
    Linear qkv;       ///< query (scaled), key and value side by side
    Linear output;    ///< layer scale folded in
    Linear fc1, fc2;  ///< layer scale folded into fc2
  };
  /// How one picture is cut: windows along each axis, patches of one window.
  struct Grid {
    std::int64_t rows = 0, columns = 0;
  };

  [[nodiscard]] Layer take_layer(Weights& weights, std::int64_t index) const;
  [[nodiscard]] at::Tensor positions(const Grid& grid) const;
  [[nodiscard]] at::Tensor embed(const at::Tensor& image, const Grid& grid, Tracer* tracer) const;
  [[nodiscard]] at::Tensor attention(const Layer& layer, const at::Tensor& tokens) const;
  [[nodiscard]] at::Tensor run_layer(const Layer& layer, const at::Tensor& tokens, bool across_windows) const;
  [[nodiscard]] at::Tensor feature(const at::Tensor& tokens, const Grid& grid) const;

  RfdetrShape shape_;
  at::Tensor class_token_, positions_;
  at::Tensor trained_positions_;  ///< interpolated for the resolution of training, which nearly every call has
  at::Tensor patch_weight_, patch_bias_;
  std::vector<Layer> layers_;
  LayerNorm norm_;
};

}  // namespace inference_exp::torch_backend
