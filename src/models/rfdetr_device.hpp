// RF-DETR on a CUDA device: the pictures' bytes go up, the best queries come back.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "core/object_pool.hpp"
#include "core/tensor.hpp"
#include "inference_exp/stages.hpp"
#include "models/rfdetr_checks.hpp"
#include "models/rfdetr_postprocess.hpp"
#include "models/rfdetr_preprocess.hpp"
#include "runtime/device_runner.hpp"
#include "vision/cuda/kernels.hpp"

namespace inference_exp::models {

/// The twin of BatchRunner, preprocess and the first half of select_rows, with the same answers to the bit.
/// Thread-safe.
class RfdetrDevicePath {
 public:
  /// Null where there is no such path: the session works in host memory, there are no kernels for its device, or its
  /// outputs are of a type that they do not read.
  [[nodiscard]] static std::unique_ptr<RfdetrDevicePath> make(const std::shared_ptr<const runtime::Session>& session,
                                                              runtime::BatchLimits limits,
                                                              const RfdetrOutputs& outputs);
  ~RfdetrDevicePath();

  /// Whether these pictures can go this way; if one cannot, all take the other.
  [[nodiscard]] static bool serves(const RfdetrRecipe& recipe, std::span<const ImageView> images) noexcept;

  struct Answer {
    std::size_t image = 0;
    const PreprocessingMetadata& placement;
    std::vector<RfdetrCandidate>& candidates;  ///< for finish_rows, which may change them
    std::size_t network_classes = 0;
    TensorView boxes;  ///< [queries, 4], filled where a candidate is
  };
  using Consume = FunctionRef<void(const Answer& answer)>;

  /// Calls `consume` once per image, in order.
  void run(std::span<const ImageView> images, const RfdetrRecipe& recipe, const vision::ScoreThresholds& thresholds,
           Consume consume, const runtime::RunSettings& settings) const;

 private:
  struct Workspace;
  RfdetrDevicePath(const std::shared_ptr<const runtime::Session>& session, runtime::BatchLimits limits,
                   const RfdetrOutputs& outputs, const vision::gpu::Kernels& kernels);

  runtime::DeviceRunner runner_;
  RfdetrOutputs outputs_;
  std::unique_ptr<ObjectPool<Workspace>> workspaces_;
};

}  // namespace inference_exp::models
