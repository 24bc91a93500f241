// Tensors that a caller hands to a plug-in: what they must be, and what is bound to an input or output.
//
// A Port is any struct with `name` (std::string), `dtype` (iexp_dtype) and `shape` (a vector of std::int64_t, -1 where
// dynamic). All errors are Failure with IEXP_ERROR_INVALID_PARAMETER and name the port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/failure.hpp"
#include "inference_exp/backend.h"

namespace inference_exp::backend {

// DLPack's device types.
inline constexpr std::int32_t kCpu = 1;
inline constexpr std::int32_t kCuda = 2;
inline constexpr std::int32_t kCudaHost = 3;  ///< pinned

[[nodiscard]] inline std::byte* start_of(const iexp_tensor& tensor) noexcept {
  return static_cast<std::byte*>(tensor.data) + tensor.byte_offset;
}

/// Of a tensor with a shape.
[[nodiscard]] inline std::span<const std::int64_t> shape_of(const iexp_tensor& tensor) noexcept {
  return {tensor.shape, static_cast<std::size_t>(tensor.ndim)};
}

/// Such as "[1, 3, ?, ?]".
[[nodiscard]] std::string text_of(std::span<const std::int64_t> shape);

/// `what` goes on after the tensor's name.
[[noreturn]] void refuse_tensor(const std::string& name, const std::string& what);

/// Throws unless the tensor has the port's element type, a shape that fits, and lies compact row-major.
void check_tensor(const std::string& name, iexp_dtype dtype, std::span<const std::int64_t> shape,
                  const iexp_tensor& tensor);

/// The bytes of a tensor of this type and shape, none of whose dimensions is negative. Throws when they are too many.
[[nodiscard]] std::size_t byte_size(const std::string& name, iexp_dtype dtype, std::span<const std::int64_t> shape);

/// Port number `index` of `ports`; `kind` is "input" or "output".
template <typename Port>
[[nodiscard]] const Port& port_at(const std::vector<Port>& ports, std::size_t index, const char* kind) {
  if (index < ports.size()) return ports[index];
  throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::string("The network has no ") + kind + " number " +
                                                  std::to_string(index) + ", only " + std::to_string(ports.size()) +
                                                  ".");
}

/// Borrowed memory. Binding the same memory with the same shape again costs nothing.
class BoundTensor {
 public:
  /// Whether `tensor`, for a port of this type, is what is bound already.
  [[nodiscard]] bool holds(iexp_dtype dtype, const iexp_tensor& tensor) const noexcept;
  /// Takes over a tensor that was checked.
  void remember(const iexp_tensor& tensor);
  void forget() noexcept { data_ = nullptr; }

  [[nodiscard]] bool bound() const noexcept { return data_ != nullptr; }
  [[nodiscard]] void* data() const noexcept { return data_; }
  [[nodiscard]] iexp_device device() const noexcept { return device_; }
  [[nodiscard]] const std::vector<std::int64_t>& shape() const noexcept { return shape_; }

 private:
  void* data_ = nullptr;
  iexp_device device_{};
  std::vector<std::int64_t> shape_;
};

}  // namespace inference_exp::backend
