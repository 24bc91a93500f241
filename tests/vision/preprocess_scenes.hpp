// Pictures and recipes for the pre-processing tests.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <random>
#include <span>

#include "core/preprocessing.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp::testing {

/// Memory between two pages that fault: a read or write of even one byte outside ends the test program. Needed because
/// sanitizers don't see gathers.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t size) : size_(size), page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    const std::size_t inner = (size + page_ - 1) / page_ * page_;
    mapped_ = inner + 2 * page_;
    void* memory = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(memory);
    if (mprotect(base_ + page_, inner, PROT_READ | PROT_WRITE) != 0) std::abort();
    end_ = base_ + page_ + inner;
  }
  ~GuardedBytes() { munmap(base_, mapped_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  /// The bytes that end where the page after them begins.
  [[nodiscard]] std::span<std::byte> bytes() const { return {end_ - size_, size_}; }

 private:
  std::size_t size_;
  std::size_t page_;
  std::size_t mapped_ = 0;
  std::byte* base_ = nullptr;
  std::byte* end_ = nullptr;
};

/// A picture of noise with nothing readable after its last row.
class NoisePicture {
 public:
  /// `padding`: bytes between rows; `bottom_up`: the first row lies last in memory.
  NoisePicture(Size size, PixelFormat format, PixelType type, std::ptrdiff_t padding, bool bottom_up,
               std::uint32_t seed)
      : row_bytes_(std::ptrdiff_t{size.width} * channel_count(format) * pixel_type_size(type)),
        memory_(static_cast<std::size_t>((row_bytes_ + padding) * (size.height - 1) + row_bytes_)) {
    std::mt19937 random(seed);
    const std::span<std::byte> bytes = memory_.bytes();
    const std::ptrdiff_t stride = row_bytes_ + padding;
    for (std::int32_t y = 0; y < size.height; ++y) {
      std::byte* row = bytes.data() + y * stride;
      for (std::ptrdiff_t i = 0; i < row_bytes_ / pixel_type_size(type); ++i) {
        if (type == PixelType::u8) {
          row[i] = static_cast<std::byte>(random());
        } else {
          reinterpret_cast<float*>(row)[i] = static_cast<float>(random() % 25501U) / 100.0F;
        }
      }
    }
    view_ = {bytes.data(), size, stride, format, type};
    if (bottom_up) {
      view_.data += stride * (size.height - 1);
      view_.row_stride = -stride;
    }
  }

  [[nodiscard]] const ImageView& view() const { return view_; }

 private:
  std::ptrdiff_t row_bytes_;
  GuardedBytes memory_;
  ImageView view_;
};

/// The common recipe of the YOLO family.
inline Preprocessing letterbox_recipe(Size target) {
  Preprocessing recipe;
  recipe.resize_mode = ResizeMode::letterbox;
  recipe.target = target;
  recipe.padding_value = 114;
  recipe.scaling_factor = 255.0F;
  return recipe;
}

inline Normalization imagenet_normalization() { return {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}; }

}  // namespace inference_exp::testing
