#include "core/aligned_buffer.hpp"

#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace inference_exp {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// A wish; the system may have no huge pages to give.
void ask_for_huge_pages([[maybe_unused]] std::byte* bytes, [[maybe_unused]] std::size_t size) {
#if defined(__linux__)
  (void)madvise(bytes, size / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size) {
  if (size == 0) return;
  const std::size_t alignment = size >= kHugePage ? kHugePage : kAlignment;
  bytes_ = {static_cast<std::byte*>(::operator new[](size, std::align_val_t(alignment))), Free{alignment}};
  size_ = size;
  if (alignment == kHugePage) ask_for_huge_pages(bytes_.get(), size);
  std::memset(bytes_.get(), 0, size);
}

}  // namespace inference_exp
