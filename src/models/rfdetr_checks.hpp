// What must hold between an RF-DETR network and its package before the first image.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inference_exp/image_view.hpp"
#include "models/registry.hpp"
#include "runtime/session.hpp"

namespace inference_exp::models {

/// Throws CorruptedModelPackageError unless the configuration is one that the family can serve: a resize mode, three
/// input channels, one input of matching size whose sides the network can divide, class names.
void check_rfdetr_package(const ModelInit& init);

/// Where the network keeps its boxes and its logits.
struct RfdetrOutputs {
  std::size_t boxes = 0;
  std::size_t labels = 1;
};
/// Found by name, "dets" and "labels", in any order. Throws CorruptedModelPackageError when one is missing, when there
/// are others, and when their shapes, as far as they are known, are not [batch, queries, 4] and
/// [batch, queries, classes].
[[nodiscard]] RfdetrOutputs find_rfdetr_outputs(const runtime::Session& session);

/// What the sides of an input must be multiples of, as far as the session's metadata tells ("patch_size" times
/// "num_windows"); 1 otherwise.
[[nodiscard]] std::int32_t side_multiple(const runtime::Session& session);

[[nodiscard]] bool is_multiple(Size size, std::int32_t step) noexcept;

}  // namespace inference_exp::models
