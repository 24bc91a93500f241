// What every network of this plug-in is: tensors in, tensors out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::torch_backend {

struct TensorPort {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;  ///< -1 where dynamic
};

/// Sees what the layers give, under the names that the modules of the Python original have; for tests that look for the
/// first layer that differs.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void see(const std::string& module, const at::Tensor& output) = 0;
};

/// Immutable once built: forward may run from any number of threads at once, under inference mode.
class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual std::span<const TensorPort> inputs() const noexcept = 0;
  [[nodiscard]] virtual std::span<const TensorPort> outputs() const noexcept = 0;
  /// What the checkpoint says beside its weights, as text.
  [[nodiscard]] virtual const std::map<std::string, std::string>& metadata() const noexcept = 0;
  /// Inputs on the network's device, dtypes and ranks as in inputs(); outputs on the device, float32. Throws Failure
  /// (IEXP_ERROR_MODEL_RUNTIME) for a size the network can't take.
  [[nodiscard]] virtual std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs,
                                                        Tracer* tracer = nullptr) const = 0;
};

}  // namespace inference_exp::torch_backend
