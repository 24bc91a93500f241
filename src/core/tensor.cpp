#include "core/tensor.hpp"

#include <algorithm>
#include <limits>

#include "inference_exp/errors.hpp"

namespace inference_exp {

std::size_t dtype_size(DType dtype) noexcept {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      break;
  }
  return 1;
}

std::string_view dtype_name(DType dtype) noexcept {
  switch (dtype) {
    case DType::f16:
      return "float16";
    case DType::bf16:
      return "bfloat16";
    case DType::f32:
      return "float32";
    case DType::f64:
      return "float64";
    case DType::i8:
      return "int8";
    case DType::i16:
      return "int16";
    case DType::i32:
      return "int32";
    case DType::i64:
      return "int64";
    case DType::u8:
      return "uint8";
    case DType::boolean:
      break;
  }
  return "bool";
}

Shape::Shape(std::span<const std::int64_t> dims) : rank_(dims.size()) {
  if (dims.size() > kMaxRank) {
    throw ModelRuntimeError("A tensor has " + std::to_string(dims.size()) + " dimensions; at most " +
                            std::to_string(kMaxRank) + " are supported.");
  }
  std::copy(dims.begin(), dims.end(), dims_.begin());
}

bool Shape::is_static() const noexcept {
  return std::none_of(dims_.begin(), dims_.begin() + static_cast<std::ptrdiff_t>(rank_),
                      [](std::int64_t dim) { return dim < 0; });
}

std::size_t Shape::element_count() const {
  // Leaves room for the largest element size.
  constexpr std::size_t kLimit = std::numeric_limits<std::size_t>::max() / 16;
  std::size_t count = 1;
  for (const std::int64_t dim : dims()) {
    if (dim < 0) throw ModelRuntimeError("The shape " + to_string() + " is not fully known.");
    const auto extent = static_cast<std::size_t>(dim);
    if (extent != 0 && count > kLimit / extent) {
      throw ModelRuntimeError("The shape " + to_string() + " is too large.");
    }
    count *= extent;
  }
  return count;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (std::size_t i = 0; i < rank_; ++i) {
    if (i != 0) text += ", ";
    text += dims_[i] < 0 ? "?" : std::to_string(dims_[i]);
  }
  return text + "]";
}

std::span<const float> TensorView::floats() const {
  if (dtype != DType::f32) {
    throw ModelRuntimeError("A float32 tensor was expected, this one is " + std::string(dtype_name(dtype)) + ".");
  }
  return {static_cast<const float*>(data), shape.element_count()};
}

}  // namespace inference_exp
