// Memory for tensors: aligned, so that vector stores never straddle two cache lines.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace inference_exp {

/// Owns `size()` zero bytes that begin at a multiple of kAlignment. Large buffers ask the system for huge pages, which
/// spares whoever walks over them most of the address translation.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBuffer() = default;
  /// Throws std::bad_alloc.
  explicit AlignedBuffer(std::size_t size);

  [[nodiscard]] std::byte* data() const noexcept { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_ ? size_ : 0; }

 private:
  struct Free {
    std::size_t alignment;
    void operator()(std::byte* bytes) const noexcept { ::operator delete[](bytes, std::align_val_t(alignment)); }
  };
  std::unique_ptr<std::byte[], Free> bytes_{nullptr, Free{kAlignment}};
  std::size_t size_ = 0;
};

}  // namespace inference_exp
