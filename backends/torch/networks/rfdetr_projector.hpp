// RF-DETR's projector: encoder features to the levels that the decoder looks at.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "networks/layers.hpp"
#include "networks/network.hpp"
#include "networks/rfdetr.hpp"

namespace inference_exp::torch_backend {

class RfdetrProjector {
 public:
  RfdetrProjector(Weights& weights, const RfdetrShape& shape);

  /// One [B, hidden, h, w] per level.
  [[nodiscard]] std::vector<at::Tensor> forward(const std::vector<at::Tensor>& features, Tracer* tracer) const;

 private:
  /// Convolution without bias, norm over the channels, activation.
  struct ConvNorm {
    at::Tensor weight;
    LayerNorm norm;
    std::int64_t stride = 1;
    bool silu = true;  ///< else ReLU
    [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
  };
  /// Brings one encoder feature to the level's size.
  struct Sampling {
    std::optional<Linear> enlarge;   ///< transposed convolution, 2 x 2, stride 2
    std::optional<ConvNorm> shrink;  ///< 3 x 3, stride 2
    [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
  };
  struct Level {
    std::vector<Sampling> samplings;  ///< one per feature
    ConvNorm enter, leave;
    std::vector<std::pair<ConvNorm, ConvNorm>> bottlenecks;
    LayerNorm norm;
  };

  [[nodiscard]] static ConvNorm take_conv(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out,
                                          std::int64_t kernel);
  [[nodiscard]] static Level take_level(Weights& weights, const RfdetrShape& shape, std::size_t index);
  [[nodiscard]] static at::Tensor run_level(const Level& level, const std::string& name,
                                            const std::vector<at::Tensor>& features, Tracer* tracer);

  std::vector<Level> levels_;
};

}  // namespace inference_exp::torch_backend
