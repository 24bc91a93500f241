#include "binding.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace inference_exp::tensorrt {

namespace {

constexpr std::int32_t kCpu = 1;
constexpr std::int32_t kCuda = 2;
constexpr std::int32_t kCudaHost = 3;

std::byte* start_of(const iexp_tensor& tensor) { return static_cast<std::byte*>(tensor.data) + tensor.byte_offset; }

std::span<const std::int64_t> shape_of(const iexp_tensor& tensor) {
  return {tensor.shape, static_cast<std::size_t>(tensor.ndim)};
}

bool has_shape(const iexp_tensor& tensor) { return tensor.ndim == 0 || (tensor.ndim > 0 && tensor.shape != nullptr); }

bool same_type(const iexp_dtype& a, const iexp_dtype& b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

bool is_compact(const iexp_tensor& tensor) {
  if (tensor.strides == nullptr) return true;
  std::int64_t expected = 1;
  for (std::int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

void check_shape(const Port& port, std::span<const std::int64_t> shape) {
  const auto fits = [](std::int64_t dim, std::int64_t expected) {
    return dim >= 0 && (expected < 0 || dim == expected);
  };
  if (std::ranges::equal(shape, port.shape, fits)) return;
  refuse_tensor(port, "has the shape " + text_of(shape) + "; the network takes " + text_of(port.shape));
}

void check_tensor(const Port& port, const iexp_tensor& tensor) {
  if (!same_type(tensor.dtype, port.dtype)) refuse_tensor(port, "has another element type than the network's");
  if (!has_shape(tensor)) refuse_tensor(port, "has no shape");
  check_shape(port, shape_of(tensor));
  if (!is_compact(tensor)) refuse_tensor(port, "is not compact row-major");
}

Binding::Place place_of(const Port& port, iexp_device device, std::int32_t cuda_device) {
  if (device.device_type == kCpu) return Binding::Place::host;
  if (device.device_type == kCudaHost) return Binding::Place::pinned_host;
  if (device.device_type != kCuda || device.device_id != cuda_device) {
    refuse_tensor(
        port, "is on a device that this session does not reach; it computes on cuda:" + std::to_string(cuda_device));
  }
  return Binding::Place::device;
}

}  // namespace

bool Binding::holds(const Port& port, const iexp_tensor& tensor) const noexcept {
  return bound() && tensor.data != nullptr && data_ == start_of(tensor) && tensor.strides == nullptr &&
         device_.device_type == tensor.device.device_type && device_.device_id == tensor.device.device_id &&
         same_type(tensor.dtype, port.dtype) && has_shape(tensor) && std::ranges::equal(shape_, shape_of(tensor));
}

void Binding::bind(const Port& port, const iexp_tensor& tensor, std::int32_t cuda_device) {
  check_tensor(port, tensor);
  const Place place = place_of(port, tensor.device, cuda_device);
  const std::size_t bytes = byte_size(port, shape_of(tensor));
  shape_.assign(tensor.shape, tensor.shape + tensor.ndim);
  place_ = place;
  data_ = start_of(tensor);
  device_ = tensor.device;
  bytes_ = bytes;
}

}  // namespace inference_exp::tensorrt
