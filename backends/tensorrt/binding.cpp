#include "binding.hpp"

#include <string>

namespace inference_exp::tensorrt {

namespace {

Binding::Place place_of(const Port& port, iexp_device device, std::int32_t cuda_device) {
  if (device.device_type == backend::kCpu) return Binding::Place::host;
  if (device.device_type == backend::kCudaHost) return Binding::Place::pinned_host;
  if (device.device_type != backend::kCuda || device.device_id != cuda_device) {
    backend::refuse_tensor(port.name, "is on a device that this session does not reach; it computes on cuda:" +
                                          std::to_string(cuda_device));
  }
  return Binding::Place::device;
}

}  // namespace

void Binding::bind(const Port& port, const iexp_tensor& tensor, std::int32_t cuda_device) {
  backend::check_tensor(port.name, port.dtype, port.shape, tensor);
  const Place place = place_of(port, tensor.device, cuda_device);
  bytes_ = backend::byte_size(port.name, port.dtype, backend::shape_of(tensor));
  remember(tensor);
  place_ = place;
}

void Binding::release() noexcept {
  forget();
  place_ = Place::nothing;
}

}  // namespace inference_exp::tensorrt
