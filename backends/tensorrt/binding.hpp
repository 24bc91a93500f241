// What a caller bound to an input or output of a request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inference_exp/backend.h"
#include "ports.hpp"

namespace inference_exp::tensorrt {

/// Borrowed memory. Binding the same memory with the same shape again costs nothing.
class Binding {
 public:
  enum class Place : std::uint8_t { nothing, host, pinned_host, device };

  /// Whether `tensor` is what is bound already.
  [[nodiscard]] bool holds(const Port& port, const iexp_tensor& tensor) const noexcept;
  /// Checks `tensor` against the port and the session's device, and takes it over. Throws IEXP_ERROR_INVALID_PARAMETER
  /// and leaves the binding as it was.
  void bind(const Port& port, const iexp_tensor& tensor, std::int32_t cuda_device);
  void release() noexcept { place_ = Place::nothing; }

  [[nodiscard]] bool bound() const noexcept { return place_ != Place::nothing; }
  [[nodiscard]] bool on_device() const noexcept { return place_ == Place::device; }
  /// Whether TensorRT can work in this memory itself: it wants addresses that are multiples of 256.
  [[nodiscard]] bool usable_directly() const noexcept {
    return on_device() && reinterpret_cast<std::uintptr_t>(data_) % 256 == 0;
  }
  [[nodiscard]] bool on_host() const noexcept { return place_ == Place::host || place_ == Place::pinned_host; }
  [[nodiscard]] Place place() const noexcept { return place_; }
  [[nodiscard]] void* data() const noexcept { return data_; }
  [[nodiscard]] iexp_device device() const noexcept { return device_; }
  [[nodiscard]] const Dimensions& shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  Place place_ = Place::nothing;
  void* data_ = nullptr;
  iexp_device device_{};
  Dimensions shape_;
  std::size_t bytes_ = 0;
};

}  // namespace inference_exp::tensorrt
