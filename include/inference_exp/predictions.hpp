// What models return.
//
// Contract: results are plain values that own their memory, cheap to move, independent of the model and of the image.
// Coordinates are absolute pixels of the original image. Rows are ordered by descending confidence (end-to-end models:
// in the model's own order). Field names, dtypes and shapes follow models.md, section 5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "inference_exp/export.hpp"
#include "inference_exp/image_view.hpp"

namespace inference_exp {

/// Corners of a box in pixels, x right, y down.
struct Box {
  std::int32_t x_min = 0;
  std::int32_t y_min = 0;
  std::int32_t x_max = 0;
  std::int32_t y_max = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

/// One row of Detections.
struct Detection {
  Box box;
  std::int32_t class_id = 0;
  float confidence = 0;
  friend bool operator==(const Detection&, const Detection&) = default;
};

/// Boxes of one image: `xyxy` int32 (N,4), `class_id` int32 (N), `confidence` float32 (N), each contiguous.
class Detections {
 public:
  Detections() = default;
  /// The three must have the same length; throws InvalidParameterError if not.
  INFERENCE_EXP_API Detections(std::vector<Box> xyxy, std::vector<std::int32_t> class_id,
                               std::vector<float> confidence);

  [[nodiscard]] std::size_t size() const noexcept { return xyxy_.size(); }
  [[nodiscard]] bool empty() const noexcept { return xyxy_.empty(); }
  [[nodiscard]] std::span<const Box> xyxy() const noexcept { return xyxy_; }
  [[nodiscard]] std::span<const std::int32_t> class_id() const noexcept { return class_id_; }
  [[nodiscard]] std::span<const float> confidence() const noexcept { return confidence_; }
  /// Row `i` as one value; `i` must be below size().
  [[nodiscard]] Detection operator[](std::size_t i) const noexcept { return {xyxy_[i], class_id_[i], confidence_[i]}; }
  friend bool operator==(const Detections&, const Detections&) = default;

 private:
  std::vector<Box> xyxy_;
  std::vector<std::int32_t> class_id_;
  std::vector<float> confidence_;
};

/// N masks of `size`, one byte a pixel (0 or 1), row-major, one after the other. Move-only: they are large. Memory
/// comes zeroed from the system, so pixels that no mask touches cost nothing.
class DenseMasks {
 public:
  DenseMasks() = default;
  /// All zero. Throws std::bad_alloc when memory does not suffice.
  INFERENCE_EXP_API DenseMasks(std::size_t count, Size size);

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] Size size() const noexcept { return size_; }
  /// Mask `i`, height * width bytes.
  [[nodiscard]] std::span<const std::uint8_t> mask(std::size_t i) const noexcept {
    return {data_.get() + i * area(), area()};
  }
  [[nodiscard]] std::span<std::uint8_t> mask(std::size_t i) noexcept { return {data_.get() + i * area(), area()}; }
  /// All masks, (N,H,W).
  [[nodiscard]] std::span<const std::uint8_t> data() const noexcept { return {data_.get(), count_ * area()}; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const noexcept { std::free(p); }
  };
  [[nodiscard]] std::size_t area() const noexcept {
    return static_cast<std::size_t>(size_.width) * static_cast<std::size_t>(size_.height);
  }
  std::size_t count_ = 0;
  Size size_;
  std::unique_ptr<std::uint8_t[], Free> data_;
};

/// N masks as COCO compressed run lengths (models.md, section 3.7): `counts[i]` is what pycocotools calls "counts".
struct RleMasks {
  Size size;
  std::vector<std::string> counts;
  friend bool operator==(const RleMasks&, const RleMasks&) = default;
};

/// Boxes with one mask each, in the same order.
struct InstanceDetections {
  Detections detections;
  std::variant<DenseMasks, RleMasks> masks;

  [[nodiscard]] std::size_t size() const noexcept { return detections.size(); }
  [[nodiscard]] bool empty() const noexcept { return detections.empty(); }
};

/// One key point: pixels of the original image; (0, 0) with confidence 0 marks an empty slot.
struct KeyPoint {
  std::int32_t x = 0;
  std::int32_t y = 0;
  float confidence = 0;
  friend bool operator==(const KeyPoint&, const KeyPoint&) = default;
};

/// Key points of one image with the boxes they belong to: N rows of `slots` points, row-major, rows in the boxes'
/// order.
struct KeyPoints {
  Detections detections;
  std::size_t slots = 0;         ///< K: most key points of any class
  std::vector<KeyPoint> points;  ///< N * slots

  [[nodiscard]] std::size_t size() const noexcept { return detections.size(); }
  [[nodiscard]] bool empty() const noexcept { return detections.empty(); }
  [[nodiscard]] std::span<const KeyPoint> row(std::size_t i) const noexcept {
    return std::span<const KeyPoint>(points).subspan(i * slots, slots);
  }
};

/// N vectors of one length, row-major float32 (N,D). What produced them says whether they are normalised: CLIP's are
/// not, Perception Encoder's are (models.md, sections 4.3 and 4.4).
class Embeddings {
 public:
  Embeddings() = default;
  /// `values` must hold `count` * `dimension` numbers; throws InvalidParameterError if not.
  INFERENCE_EXP_API Embeddings(std::size_t count, std::size_t dimension, std::vector<float> values);

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  [[nodiscard]] std::span<const float> values() const noexcept { return values_; }
  /// Vector `i`; `i` must be below count().
  [[nodiscard]] std::span<const float> operator[](std::size_t i) const noexcept {
    return values().subspan(i * dimension_, dimension_);
  }
  friend bool operator==(const Embeddings&, const Embeddings&) = default;

 private:
  std::size_t count_ = 0;
  std::size_t dimension_ = 0;
  std::vector<float> values_;
};

/// Cosine similarities, row-major (x.count(), y.count()): both sides divided by max(norm, 1e-12) (models.md, section
/// 4.3). Throws InvalidParameterError when the dimensions differ.
[[nodiscard]] INFERENCE_EXP_API std::vector<float> compare_embeddings(const Embeddings& x, const Embeddings& y);

/// The plain mask of one run-length string; height * width bytes of 0 or 1, row-major.
/// Throws InvalidParameterError when `counts` is malformed or does not cover `size` exactly.
[[nodiscard]] INFERENCE_EXP_API std::vector<std::uint8_t> decode_rle(std::string_view counts, Size size);

/// COCO run lengths of a row-major mask; any non-zero byte counts as set. The inverse of decode_rle.
[[nodiscard]] INFERENCE_EXP_API std::string encode_rle(std::span<const std::uint8_t> mask, Size size);

}  // namespace inference_exp
