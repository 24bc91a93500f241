// A checkpoint's tensors as weights.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/checkpoint.hpp"
#include "weights.hpp"

namespace inference_exp::torch_backend {

/// Tensors below `prefix` ("model."), named without it. Reads lazily; a view borrows the mapped file.
class CheckpointSource final : public TensorSource {
 public:
  CheckpointSource(std::shared_ptr<const checkpoint::Checkpoint> file, std::string prefix)
      : file_(std::move(file)), prefix_(std::move(prefix)) {}
  [[nodiscard]] std::optional<std::vector<std::int64_t>> shape(std::string_view name) const override;
  [[nodiscard]] at::Tensor read(std::string_view name) const override;
  void forget(std::string_view name) const override;

 private:
  std::shared_ptr<const checkpoint::Checkpoint> file_;
  std::string prefix_;
};

}  // namespace inference_exp::torch_backend
