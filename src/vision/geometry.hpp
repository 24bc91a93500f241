// Where an image goes: the arithmetic of static crop and the resize modes, without touching a pixel.
#pragma once

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp::vision {

/// The plan of one image, complete enough to move pixels by.
struct Placement {
  PreprocessingMetadata metadata;
  Rect window;       ///< the part of the statically cropped picture that is resized
  Size resized;      ///< what it is resized to
  Rect kept;         ///< the part of the resized picture that reaches the network
  Rect destination;  ///< where that lands inside metadata.inference_size, in the same size; around it is padding
  float padding = 0;
};

/// Throws as plan() does.
[[nodiscard]] Placement place(const Preprocessing& recipe, Size image);

}  // namespace inference_exp::vision
