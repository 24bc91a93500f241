// The half of an embedding model that reads texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "runtime/batch_runner.hpp"
#include "runtime/session.hpp"

namespace inference_exp::models {

/// Drives a network of one input, token ids [B, context] of int32 or int64, and one output, vectors [B, D].
/// Thread-safe.
class TextTower {
 public:
  /// At most `max_batch` texts at once, where the network leaves that open. Throws CorruptedModelPackageError for
  /// another kind of network.
  TextTower(std::shared_ptr<const runtime::Session> session, std::int32_t max_batch);

  /// Token ids of one text.
  [[nodiscard]] std::size_t context() const noexcept { return context_; }
  /// Length of the vectors; -1 where the network does not say.
  [[nodiscard]] std::int64_t dimension() const noexcept;

  /// `tokens` holds context() ids for each text. Calls `consume` once for each, in order. ModelRuntimeError when the
  /// network fails or gives something else than one vector per text.
  void run(std::span<const std::int32_t> tokens,
           FunctionRef<void(std::size_t index, std::span<const float> vector)> consume) const;

 private:
  std::shared_ptr<const runtime::Session> session_;
  runtime::BatchLimits limits_;
  std::size_t context_ = 0;
};

}  // namespace inference_exp::models
