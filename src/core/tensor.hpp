// Borrowed tensors: what walks between the vision kernels, the session and the post-processors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace inference_exp {

enum class DType : std::uint8_t { f16, bf16, f32, f64, i8, i16, i32, i64, u8, boolean };

[[nodiscard]] std::size_t dtype_size(DType dtype) noexcept;
[[nodiscard]] std::string_view dtype_name(DType dtype) noexcept;

/// Up to eight dimensions, kept inline so that shapes never touch the heap. -1 stands for a dynamic dimension.
class Shape {
 public:
  static constexpr std::size_t kMaxRank = 8;

  Shape() = default;
  /// Throws ModelRuntimeError for more than eight dimensions.
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const std::int64_t> dims);

  [[nodiscard]] std::size_t rank() const noexcept { return rank_; }
  [[nodiscard]] std::int64_t operator[](std::size_t i) const noexcept { return dims_[i]; }
  [[nodiscard]] std::int64_t& operator[](std::size_t i) noexcept { return dims_[i]; }
  [[nodiscard]] std::span<const std::int64_t> dims() const noexcept { return {dims_.data(), rank_}; }
  [[nodiscard]] bool is_static() const noexcept;
  /// Product of the dimensions; throws ModelRuntimeError when one is negative or the product overflows.
  [[nodiscard]] std::size_t element_count() const;
  /// "[1, 84, 8400]", dynamic dimensions as "?".
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  std::size_t rank_ = 0;
};

/// Compact row-major data in host memory that somebody else owns.
struct TensorView {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;

  /// The elements as floats; throws ModelRuntimeError when the dtype is not f32.
  [[nodiscard]] std::span<const float> floats() const;
  [[nodiscard]] std::size_t byte_size() const { return shape.element_count() * dtype_size(dtype); }
};

}  // namespace inference_exp
