// RF-DETR object detection (Robinson et al., 2025): a DINOv2 encoder with windowed attention, a projector to one or
// more feature levels, and a deformable two-stage decoder (torch_models.md, section "RF-DETR").
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// What shapes alone don't say. Unset values (0, empty) follow from the shapes and the sizes that were published.
struct RfdetrHints {
  std::int64_t num_windows = 0;      ///< along each axis
  std::vector<std::int64_t> stages;  ///< numbers of layers after which features are taken
  std::int64_t encoder_heads = 0;
  std::int64_t self_attention_heads = 0;
  std::int64_t cross_attention_heads = 0;
  std::int64_t num_queries = 0;
  std::int64_t resolution = 0;
};

/// Everything that follows from the checkpoint.
struct RfdetrShape {
  std::int64_t width = 0, layers = 0, encoder_heads = 0, mlp_width = 0;
  std::int64_t patch = 0, grid = 0, num_windows = 0;
  std::vector<std::int64_t> stages;
  std::vector<double> level_scales;  ///< of the encoder's grid: 2 ("P3"), 1 ("P4"), 0.5 ("P5")
  std::int64_t hidden = 0, feed_forward = 0, decoder_layers = 0, self_heads = 0, cross_heads = 0, points = 0;
  std::int64_t num_queries = 0, classes = 0, resolution = 0;
};

/// Reads the shape from tensors named as in a state dict. Throws Failure (IEXP_ERROR_CORRUPTED_PACKAGE) where a tensor
/// that tells a value is missing, or values contradict each other.
[[nodiscard]] RfdetrShape rfdetr_shape(const Weights& weights, const RfdetrHints& hints);

/// Input "input" [B, 3, H, W], normalised RGB, H and W multiples of patch * windows; outputs "dets" [B, Q, 4] (cx, cy,
/// w, h of the picture) and "labels" [B, Q, C] (logits). Throws Failure with the list of tensors that do not fit.
[[nodiscard]] std::unique_ptr<Network> make_rfdetr(Weights weights, const RfdetrHints& hints,
                                                   std::map<std::string, std::string> metadata);

}  // namespace inference_exp::torch_backend
