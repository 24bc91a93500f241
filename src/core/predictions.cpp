#include "inference_exp/predictions.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <limits>
#include <memory>
#include <new>

#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

/// Masks of large pictures are written over megabytes at once: huge pages save most of the page faults. Only a hint.
void prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(__linux__)
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  void* begin = memory;
  if (std::align(kHugePage, kHugePage, begin, size) == nullptr) return;
  (void)madvise(begin, size / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

}  // namespace

Detections::Detections(std::vector<Box> xyxy, std::vector<std::int32_t> class_id, std::vector<float> confidence)
    : xyxy_(std::move(xyxy)), class_id_(std::move(class_id)), confidence_(std::move(confidence)) {
  if (xyxy_.size() != class_id_.size() || xyxy_.size() != confidence_.size()) {
    throw InvalidParameterError("Boxes, class ids and confidences differ in number.");
  }
}

DenseMasks::DenseMasks(std::size_t count, Size size) : count_(count), size_(size) {
  if (size.width < 0 || size.height < 0) throw InvalidParameterError("A mask cannot have a negative size.");
  if (count == 0 || area() == 0) return;
  if (count > std::numeric_limits<std::size_t>::max() / area()) throw std::bad_alloc();
  data_.reset(static_cast<std::uint8_t*>(std::calloc(count, area())));
  if (!data_) throw std::bad_alloc();
  prefer_huge_pages(data_.get(), count * area());
}

}  // namespace inference_exp
