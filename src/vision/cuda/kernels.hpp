// The compiled kernels, loaded into a device.
//
// Contract: thread-safe. What of() returns lives until the process ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "cuda/resources.hpp"

namespace inference_exp::vision::gpu {

enum class Kernel : std::uint8_t {
  preprocess_linear,
  preprocess_pillow,
  select_candidates,
  rank_candidates,
  suppress_candidates,
  collect_logits,
  rank_logits,
  combine_mask_cells,
  find_mask_flips,
};

/// By Kernel: the names in the image.
inline constexpr std::array<const char*, 9> kKernelNames{
    "inference_exp_preprocess_linear", "inference_exp_preprocess_pillow",   "inference_exp_select_candidates",
    "inference_exp_rank_candidates",   "inference_exp_suppress_candidates", "inference_exp_collect_logits",
    "inference_exp_rank_logits",       "inference_exp_combine_mask_cells",  "inference_exp_find_mask_flips",
};

class Kernels {
 public:
  /// Loads an image into a context. Throws cuda::Error, also when the image has no code for the device.
  Kernels(const cuda::Context& context, std::span<const unsigned char> image);

  /// The kernels of the library on this device, loaded at the first call. Null where there are none: the library was
  /// built without them, or they do not run on this device. The answer does not change.
  [[nodiscard]] static const Kernels* of(const cuda::Context& context);
  /// Why of() returns null, as a sentence; empty when it does not.
  [[nodiscard]] static std::string problem(const cuda::Context& context);
  /// Makes of() return the kernels of `image`, which a stand-in driver need not read. For tests, before anything of the
  /// device was used; what was loaded before stays alive. Throws as the constructor does.
  static const Kernels& install(const cuda::Context& context, std::span<const unsigned char> image);

  [[nodiscard]] cuda::FunctionHandle operator[](Kernel kernel) const noexcept {
    return functions_[static_cast<std::size_t>(kernel)];
  }

  /// Queues one thread per element of a row, or of a picture. The context must be current.
  template <typename Work>
  void for_each(Kernel kernel, const Work& work, std::size_t count, cuda::StreamHandle stream) const {
    enqueue(kernel, &work, {blocks(count, kThreads)}, {kThreads}, stream);
  }
  template <typename Work>
  void for_each_pixel(Kernel kernel, const Work& work, std::size_t width, std::size_t height,
                      cuda::StreamHandle stream) const {
    enqueue(kernel, &work, {blocks(width, kTileWidth), blocks(height, kTileHeight)}, {kTileWidth, kTileHeight}, stream);
  }
  /// Queues blocks that each do a part of their own.
  template <typename Work>
  void for_each_block(Kernel kernel, const Work& work, std::size_t count, cuda::StreamHandle stream) const {
    enqueue(kernel, &work, {static_cast<unsigned>(count)}, {kThreads}, stream);
  }

 private:
  static constexpr unsigned kThreads = 256;
  static constexpr unsigned kTileWidth = 32;
  static constexpr unsigned kTileHeight = 8;

  [[nodiscard]] static constexpr unsigned blocks(std::size_t count, unsigned threads) noexcept {
    return static_cast<unsigned>((count + threads - 1) / threads);
  }
  void enqueue(Kernel kernel, const void* work, cuda::Extent grid, cuda::Extent block, cuda::StreamHandle stream) const;

  cuda::Module module_;
  std::array<cuda::FunctionHandle, kKernelNames.size()> functions_{};
};

}  // namespace inference_exp::vision::gpu
