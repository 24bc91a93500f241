// Runs any number of images through a network of fixed or limited batch size (models.md, section 6).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "core/object_pool.hpp"
#include "core/tensor.hpp"
#include "inference_exp/image_view.hpp"
#include "runtime/batches.hpp"
#include "runtime/session.hpp"

namespace inference_exp::runtime {

/// Drives a network whose one input is a float image batch [B, 3, H, W]. Buffers and requests are pooled: after warm-up
/// a call of known shape allocates nothing here. Thread-safe.
class BatchRunner {
 public:
  /// Writes image `index` as planar float into `slot` (3 * H * W floats, zeroed only for padding images).
  using FillSlot = FunctionRef<void(std::size_t index, std::span<float> slot)>;
  /// Reads the outputs of image `index`: per output the view of that image alone, batch axis removed, as f32.
  using Consume = FunctionRef<void(std::size_t index, std::span<const TensorView> outputs)>;

  /// `session`'s first input must be of rank 4 with 3 channels, and of a floating or castable dtype
  /// (models.md, section 6.1); throws CorruptedModelPackageError if not.
  BatchRunner(std::shared_ptr<const Session> session, BatchLimits limits);
  ~BatchRunner();

  [[nodiscard]] BatchLimits limits() const noexcept { return limits_; }

  /// Calls `fill` and `consume` once for each image, in order, on the calling thread. What they throw passes through;
  /// the runner stays usable. ModelRuntimeError when the network fails or an output has no batch axis.
  void run(std::size_t image_count, Size input_size, FillSlot fill, Consume consume,
           const RunSettings& settings = {}) const;

 private:
  struct Workspace;
  std::shared_ptr<const Session> session_;
  BatchLimits limits_;
  std::unique_ptr<ObjectPool<Workspace>> workspaces_;
};

}  // namespace inference_exp::runtime
