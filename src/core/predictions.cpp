#include "inference_exp/predictions.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
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

/// In eight sums, so that a compiler may add eight numbers at once.
float dot(std::span<const float> x, std::span<const float> y) noexcept {
  constexpr std::size_t kSums = 8;
  std::array<float, kSums> sums{};
  std::size_t i = 0;
  for (; i + kSums <= x.size(); i += kSums) {
    for (std::size_t k = 0; k < kSums; ++k) sums[k] += x[i + k] * y[i + k];
  }
  for (; i < x.size(); ++i) sums[0] += x[i] * y[i];
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

/// Every vector divided by max(its length, 1e-12).
std::vector<float> normalized(const Embeddings& embeddings) {
  constexpr float kShortest = 1e-12F;
  std::vector<float> values(embeddings.values().begin(), embeddings.values().end());
  for (std::size_t row = 0; row < embeddings.count(); ++row) {
    const float length = std::max(std::sqrt(dot(embeddings[row], embeddings[row])), kShortest);
    const std::span<float> vector(values.data() + row * embeddings.dimension(), embeddings.dimension());
    for (float& value : vector) value /= length;
  }
  return values;
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

Embeddings::Embeddings(std::size_t count, std::size_t dimension, std::vector<float> values)
    : count_(count), dimension_(dimension), values_(std::move(values)) {
  const bool fits = dimension == 0 ? values_.empty() : values_.size() % dimension == 0;
  if (!fits || (dimension != 0 && values_.size() / dimension != count)) {
    throw InvalidParameterError(std::to_string(values_.size()) + " numbers are not " + std::to_string(count) +
                                " vectors of " + std::to_string(dimension) + ".");
  }
}

std::vector<float> compare_embeddings(const Embeddings& x, const Embeddings& y) {
  if (x.dimension() != y.dimension()) {
    throw InvalidParameterError("Vectors of " + std::to_string(x.dimension()) + " and of " +
                                    std::to_string(y.dimension()) + " numbers can't be compared.",
                                "Compare embeddings of one model.");
  }
  const Embeddings rows(x.count(), x.dimension(), normalized(x));
  const Embeddings columns(y.count(), y.dimension(), normalized(y));
  std::vector<float> similarities(x.count() * y.count());
  for (std::size_t i = 0; i < x.count(); ++i) {
    for (std::size_t j = 0; j < y.count(); ++j) similarities[i * y.count() + j] = dot(rows[i], columns[j]);
  }
  return similarities;
}

}  // namespace inference_exp
