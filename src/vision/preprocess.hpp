// One pass over the pixels: from a strided picture straight into a network's float CHW slot.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp::vision {

/// Where `image` goes: crop window, resized size, pads and scales (models.md, sections 2.3 and 2.7), in double
/// precision. Throws ModelInputError when the static crop or the resized image is empty, CorruptedModelPackageError for
/// ResizeMode::none, InvalidParameterError for shortest_edge_center_crop to a target that is not square or without
/// torch's resampling.
[[nodiscard]] PreprocessingMetadata plan(const Preprocessing& recipe, Size image);

/// Row buffers and tables that are reused from call to call. One per thread at a time; grows, never shrinks.
class PreprocessWorkspace {
 public:
  PreprocessWorkspace();
  ~PreprocessWorkspace();
  PreprocessWorkspace(PreprocessWorkspace&&) noexcept;
  PreprocessWorkspace& operator=(PreprocessWorkspace&&) noexcept;
  struct Impl;
  [[nodiscard]] Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Writes `image` as 3 planes of recipe.target (or, for fit_longer_edge, the resulting) size into `chw`, which must
/// hold exactly 3 * height * width floats. 8-bit pictures are bit-exact with preprocess_reference; float ones agree to
/// 1e-4 of 255.
PreprocessingMetadata preprocess(const ImageView& image, const Preprocessing& recipe, std::span<float> chw,
                                 PreprocessWorkspace& workspace);

/// The plain twin that defines the truth: one step after the other, no SIMD.
PreprocessingMetadata preprocess_reference(const ImageView& image, const Preprocessing& recipe, std::span<float> chw);

/// The instruction set that the kernels use on this machine, such as "AVX3".
[[nodiscard]] std::string_view simd_target() noexcept;

}  // namespace inference_exp::vision
