// What walks between the stages of `infer`, for callers who take them one by one: Model::pre_process, Model::forward
// and the task's post_process.
//
// Contract: plain values that own their memory. `infer` is the three stages in a row, without the copies that these
// values need; its results are theirs, bit for bit, when both run the network with the same batches.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "inference_exp/image_view.hpp"

namespace inference_exp {

/// Compact row-major float32; `values` has as many elements as `shape` says.
struct FloatTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  friend bool operator==(const FloatTensor&, const FloatTensor&) = default;
};

/// How one image was placed in the network's input; what post-processing needs to map boxes back (models.md,
/// section 2.9).
struct PreprocessingMetadata {
  std::int32_t pad_left = 0;  ///< negative where a centre crop cut pixels away
  std::int32_t pad_top = 0;
  std::int32_t pad_right = 0;
  std::int32_t pad_bottom = 0;
  Size original_size;              ///< before static crop
  Size size_after_pre_processing;  ///< after static crop, before resize
  Size inference_size;             ///< network input
  /// RF-DETR, where two resizes follow one another: the picture between them, which pads and scales refer to.
  std::optional<Size> intermediate_size;
  double scale_width = 1;
  double scale_height = 1;
  Rect static_crop;  ///< in original pixels; the whole image without a crop
  friend bool operator==(const PreprocessingMetadata&, const PreprocessingMetadata&) = default;
};

/// What pre_process makes of images.
struct PreparedImages {
  FloatTensor pixels;                             ///< [B, 3, height, width], as the network takes them
  std::vector<PreprocessingMetadata> placements;  ///< one per image, in order
};

/// What forward gives: the network's outputs in the network's order, each with the batch as its first dimension.
using NetworkOutputs = std::vector<FloatTensor>;

}  // namespace inference_exp
