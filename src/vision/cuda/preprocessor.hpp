// Pre-processing on the device: a picture in host memory becomes a network's input in device memory.
//
// Contract: one object per thread at a time. A slot holds what one picture needs until its stream has passed it; using
// the slot again before that, or destroying the object, is an error of the caller. Nothing here waits. After the first
// pictures of a size nothing is allocated.
#pragma once

#include <cstddef>
#include <vector>

#include "core/preprocessing.hpp"
#include "core/tensor.hpp"
#include "cuda/resources.hpp"
#include "vision/cuda/kernels.hpp"
#include "vision/cuda/resize_tables.hpp"
#include "vision/geometry.hpp"

namespace inference_exp::vision::gpu {

class DevicePreprocessor {
 public:
  /// Both are borrowed for the object's lifetime.
  DevicePreprocessor(const Kernels& kernels, const cuda::Context& context) : kernels_(&kernels), context_(&context) {}

  /// Whether run() takes this recipe for this picture: bytes, OpenCV's linear or Pillow's filter, a mode whose result
  /// has the target's size, no grayscale or contrast.
  [[nodiscard]] static bool supports(const Preprocessing& recipe, const ImageView& image) noexcept;

  /// Queues on `stream` what makes `image` the 3 planes at `chw`, as vision::preprocess does, to the bit; f16 values
  /// are those rounded to nearest, ties to even. `image` may be freed when the call returns. Throws what plan() and
  /// ImageView::validate() throw, InvalidParameterError for another type than f32 and f16 or for what supports()
  /// refuses, and cuda::Error. After an error the slot may be used again once the stream was waited for.
  PreprocessingMetadata run(std::size_t slot, const ImageView& image, const Preprocessing& recipe,
                            cuda::DevicePointer chw, DType dtype, cuda::StreamHandle stream);

 private:
  struct Slot {
    explicit Slot(const cuda::Context& context)
        : pixel_staging(context), pixels(context), table_staging(context), tables(context) {}
    cuda::PinnedBuffer pixel_staging;
    cuda::DeviceBuffer pixels;
    cuda::PinnedBuffer table_staging;
    cuda::DeviceBuffer tables;
    ResizeTables resize;
  };

  Slot& slot(std::size_t index);
  static void send_tables(Slot& slot, const ResizeGeometry& geometry, cuda::StreamHandle stream);
  static void send_pixels(Slot& slot, const ImageView& window, cuda::StreamHandle stream);

  const Kernels* kernels_;
  const cuda::Context* context_;
  std::vector<Slot> slots_;
};

}  // namespace inference_exp::vision::gpu
