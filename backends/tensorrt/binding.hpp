// What a caller bound to an input or output of a request.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/tensors.hpp"
#include "inference_exp/backend.h"
#include "ports.hpp"

namespace inference_exp::tensorrt {

/// A bound tensor and where it lies.
class Binding : public backend::BoundTensor {
 public:
  enum class Place : std::uint8_t { nothing, host, pinned_host, device };

  /// Checks `tensor` against the port and the session's device, and takes it over. Throws IEXP_ERROR_INVALID_PARAMETER
  /// and leaves the binding as it was.
  void bind(const Port& port, const iexp_tensor& tensor, std::int32_t cuda_device);
  void release() noexcept;

  [[nodiscard]] bool on_device() const noexcept { return place_ == Place::device; }
  /// Whether TensorRT can work in this memory itself: it wants addresses that are multiples of 256.
  [[nodiscard]] bool usable_directly() const noexcept {
    return on_device() && reinterpret_cast<std::uintptr_t>(data()) % 256 == 0;
  }
  [[nodiscard]] bool on_host() const noexcept { return place_ == Place::host || place_ == Place::pinned_host; }
  [[nodiscard]] Place place() const noexcept { return place_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  Place place_ = Place::nothing;
  std::size_t bytes_ = 0;
};

}  // namespace inference_exp::tensorrt
