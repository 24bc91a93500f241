// Named tensors that a network is built from, with a strict account of what is missing or has another shape.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::torch_backend {

/// Where weights come from: a checkpoint, or a recipe in tests.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  /// nullopt when there is no such tensor.
  [[nodiscard]] virtual std::optional<std::vector<std::int64_t>> shape(std::string_view name) const = 0;
  /// A contiguous tensor in host memory, in the dtype that is stored. It may borrow the source's memory: it must not be
  /// written to, and lives as long as the source.
  [[nodiscard]] virtual at::Tensor read(std::string_view name) const = 0;
  /// Called when what read() gave is not needed any more, so that a file need not be in memory as a whole.
  virtual void forget(std::string_view /*name*/) const {}
};

/// Where and how a network computes.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  ///< of weights and activations
};

/// Hands out a source's tensors on the network's device and dtype. What is wrong is collected, so that one error can
/// list all of it. A network is built twice: on the meta device first, where tensors have shapes but no memory, so that
/// a file which does not fit is refused before anything is read from it or made in its size.
class Weights {
 public:
  Weights(const TensorSource& source, Placement placement) : source_(source), placement_(placement) {}

  /// The same source on the meta device.
  [[nodiscard]] Weights without_memory() const { return {source_, {at::kMeta, placement_.dtype}}; }
  [[nodiscard]] const Placement& placement() const noexcept { return placement_; }
  [[nodiscard]] const TensorSource& source() const noexcept { return source_; }
  [[nodiscard]] bool has(std::string_view name) const { return source_.shape(name).has_value(); }
  /// A dimension of a tensor that must exist, for values that are read from shapes. Throws Failure
  /// (IEXP_ERROR_CORRUPTED_PACKAGE) when it is missing or of lower rank.
  [[nodiscard]] std::int64_t dim(std::string_view name, std::size_t axis) const;
  /// How many there are: the first k for which `prefix` + k + `suffix` does not exist.
  [[nodiscard]] std::int64_t count(std::string_view prefix, std::string_view suffix) const;

  /// Owned memory in the placement's dtype and device.
  [[nodiscard]] at::Tensor take(std::string_view name, std::initializer_list<std::int64_t> shape);
  /// Throws Failure (IEXP_ERROR_CORRUPTED_PACKAGE) with the list of what is missing and what has which shape instead of
  /// which; long lists are cut with their number.
  void finish() const;

 private:
  const TensorSource& source_;
  Placement placement_;
  std::vector<std::string> problems_;
};

}  // namespace inference_exp::torch_backend
