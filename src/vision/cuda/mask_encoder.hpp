// Masks as COCO run lengths, drawn on the device: prototypes stay there, and only the places where masks begin and end
// are copied.
//
// Contract: as DevicePreprocessor's, but that buffers grow with the number of instances.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.hpp"
#include "cuda/resources.hpp"
#include "vision/cuda/grid_kernels.hpp"
#include "vision/cuda/kernels.hpp"
#include "vision/cuda/mask_kernels.hpp"
#include "vision/masks.hpp"
#include "vision/resize_taps.hpp"
#include "vision/rle.hpp"

namespace inference_exp::vision::gpu {

/// One image's prototypes in device memory: [channels, height, width].
struct DevicePrototypes {
  cuda::DevicePointer values = 0;
  DType dtype = DType::f32;  ///< or f16
  std::size_t channels = 0;
  Size size;
};

class DeviceMaskEncoder {
 public:
  /// Both are borrowed for the object's lifetime.
  DeviceMaskEncoder(const Kernels& kernels, const cuda::Context& context) : kernels_(&kernels), context_(&context) {}

  /// Whether enqueue() takes these options: thresholds below 0 are the CPU's.
  [[nodiscard]] static bool supports(const MaskOptions& options) noexcept { return options.threshold >= 0; }

  /// Queues the masks of `rows`, whose `coefficients` are [rows, channels]; both may be freed when the call returns.
  /// Throws InvalidParameterError for another type than f32 and f16, for what supports() refuses or for a wrong number
  /// of coefficients, and cuda::Error; after an error the slot is empty, and free once the stream was waited for.
  void enqueue(std::size_t slot, const DevicePrototypes& prototypes, const PreprocessingMetadata& placement,
               const MaskOptions& options, std::span<const DetectionRow> rows, std::span<const float> coefficients,
               cuda::StreamHandle stream);

  /// Mask `index` of the slot, as MaskPainter::run_lengths writes it; valid once the stream was waited for. Nothing
  /// where the device cannot promise that: a pixel lies so close to the threshold that the last bit of an exponential
  /// decides, or the mask is frayed beyond measure. Such masks are for the CPU; smooth ones are a few in a hundred at
  /// most.
  [[nodiscard]] std::optional<std::string> run_lengths(std::size_t slot, std::size_t index);

 private:
  struct Slot {
    explicit Slot(const cuda::Context& context)
        : staging(context), inputs(context), work(context), result(context), answer(context) {}
    cuda::PinnedBuffer staging;
    cuda::DeviceBuffer inputs;  ///< windows, coefficients, tables
    cuda::DeviceBuffer work;    ///< cells, flips per column
    cuda::DeviceBuffer result;  ///< flips used, answers, flips
    cuda::PinnedBuffer answer;  ///< the result on the host
    ResizeTaps columns;
    ResizeTaps rows;
    std::vector<MaskWindow> windows;
    std::size_t masks = 0;  ///< 0: nothing was queued
    Size canvas;
    Rect crop;
  };

  static void place_windows(Slot& slot, const DevicePrototypes& prototypes, const PreprocessingMetadata& placement,
                            std::span<const DetectionRow> rows);
  static void send_inputs(Slot& slot, std::span<const float> coefficients, MaskWork& work, cuda::StreamHandle stream);
  void enqueue_kernels(Slot& slot, MaskWork& work, cuda::StreamHandle stream) const;

  const Kernels* kernels_;
  const cuda::Context* context_;
  std::vector<Slot> slots_;
  RunLengthWriter writer_;
};

}  // namespace inference_exp::vision::gpu
