// What the towers of CLIP-like models have in common: one input, one embedding of each of its rows.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "networks/network.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// The side of the square that `count` tokens fill. Throws Failure (IEXP_ERROR_CORRUPTED_PACKAGE) where they fill none.
[[nodiscard]] std::int64_t square_side(std::int64_t count);

/// Throws Failure (IEXP_ERROR_CORRUPTED_PACKAGE) unless 1 <= value <= limit; `what` names the value.
void check_range(const char* what, std::int64_t value, std::int64_t limit);

/// Of embeddings [B, D], to length 1, in float32.
[[nodiscard]] at::Tensor unit_length(const at::Tensor& embeddings);

/// Output "embeddings" [B, dimension], metadata "dimension" and what the tower adds.
class Embedder : public Network {
 public:
  [[nodiscard]] std::span<const TensorPort> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorPort> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept override { return metadata_; }

 protected:
  /// `settings` are the tower's own metadata.
  Embedder(const Weights& weights, TensorPort input, std::int64_t dimension,
           std::map<std::string, std::string> settings);

  [[nodiscard]] const at::TensorOptions& options() const noexcept { return options_; }
  /// Throws Failure (IEXP_ERROR_MODEL_RUNTIME) where the input is not of the port's rank and fixed dimensions.
  void check_shape(const at::Tensor& input) const;

 private:
  std::array<TensorPort, 1> inputs_;
  std::array<TensorPort, 1> outputs_;
  std::map<std::string, std::string> metadata_;
  at::TensorOptions options_;  ///< of weights and activations
};

/// Builds a tower without memory first, so that what does not fit is refused before anything is read.
template <typename Tower, typename Shape>
std::unique_ptr<Network> build_tower(Weights& weights, const Shape& shape) {
  const c10::InferenceMode guard;
  Weights trial = weights.without_memory();
  const Tower without_memory(trial, shape);
  trial.finish();
  return std::make_unique<Tower>(weights, shape);
}

}  // namespace inference_exp::torch_backend
