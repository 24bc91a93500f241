#include "common/tensors.hpp"

#include <algorithm>
#include <limits>

namespace inference_exp::backend {

namespace {

bool has_shape(const iexp_tensor& tensor) noexcept {
  return tensor.ndim == 0 || (tensor.ndim > 0 && tensor.shape != nullptr);
}

bool same_type(iexp_dtype a, iexp_dtype b) noexcept {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

bool is_compact(const iexp_tensor& tensor) noexcept {
  if (tensor.strides == nullptr) return true;
  std::int64_t expected = 1;
  for (std::int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

}  // namespace

std::string text_of(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t dim : shape) {
    if (text.size() > 1) text += ", ";
    text += dim < 0 ? "?" : std::to_string(dim);
  }
  return text + "]";
}

void refuse_tensor(const std::string& name, const std::string& what) {
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, "The tensor for \"" + name + "\" " + what + ".");
}

void check_tensor(const std::string& name, iexp_dtype dtype, std::span<const std::int64_t> shape,
                  const iexp_tensor& tensor) {
  if (!same_type(tensor.dtype, dtype)) refuse_tensor(name, "has another element type than the network's");
  if (!has_shape(tensor)) refuse_tensor(name, "has no shape");
  const auto fits = [](std::int64_t dim, std::int64_t expected) {
    return dim >= 0 && (expected < 0 || dim == expected);
  };
  if (!std::ranges::equal(shape_of(tensor), shape, fits)) {
    refuse_tensor(name, "has the shape " + text_of(shape_of(tensor)) + "; the network takes " + text_of(shape));
  }
  if (!is_compact(tensor)) refuse_tensor(name, "is not compact row-major");
}

std::size_t byte_size(const std::string& name, iexp_dtype dtype, std::span<const std::int64_t> shape) {
  constexpr std::size_t kLimit = std::numeric_limits<std::size_t>::max() / 16;
  std::size_t count = 1;
  for (const std::int64_t dim : shape) {
    const auto extent = static_cast<std::size_t>(dim);
    if (extent != 0 && count > kLimit / extent) refuse_tensor(name, "is too large");
    count *= extent;
  }
  return count * (dtype.bits / 8U);
}

bool BoundTensor::holds(iexp_dtype dtype, const iexp_tensor& tensor) const noexcept {
  return bound() && tensor.data != nullptr && data_ == start_of(tensor) && tensor.strides == nullptr &&
         device_.device_type == tensor.device.device_type && device_.device_id == tensor.device.device_id &&
         same_type(tensor.dtype, dtype) && has_shape(tensor) && std::ranges::equal(shape_, shape_of(tensor));
}

void BoundTensor::remember(const iexp_tensor& tensor) {
  const std::span<const std::int64_t> shape = shape_of(tensor);
  shape_.assign(shape.begin(), shape.end());
  device_ = tensor.device;
  data_ = start_of(tensor);
}

}  // namespace inference_exp::backend
