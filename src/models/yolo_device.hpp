// YOLO on a CUDA device: the pictures' bytes go up, detections come back, and the network's input and rows never leave.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/function_ref.hpp"
#include "core/object_pool.hpp"
#include "core/preprocessing.hpp"
#include "inference_exp/stages.hpp"
#include "models/yolo_head.hpp"
#include "runtime/device_runner.hpp"
#include "vision/cuda/kernels.hpp"
#include "vision/masks.hpp"

namespace inference_exp::models {

/// One image's outputs while they lie on the device. Its functions wait for what they queue.
class YoloDeviceOutputs {
 public:
  virtual ~YoloDeviceOutputs() = default;
  /// Output `index` on the host, as f32; valid while the image's answer is.
  [[nodiscard]] virtual TensorView fetch(std::size_t index) = 0;
  /// Draws the masks of all rows; `prototypes` is the output's index. False where the device does not take them.
  [[nodiscard]] virtual bool draw_masks(std::size_t prototypes, const vision::MaskOptions& options) = 0;
  /// A drawn mask as COCO run lengths; nothing for the few that are left to the CPU.
  [[nodiscard]] virtual std::optional<std::string> run_lengths(std::size_t row) = 0;
};

/// The twin of BatchRunner, vision::preprocess and read_rows, with the same answers to the bit. Thread-safe.
class YoloDevicePath {
 public:
  /// Null where there is no such path: the session works in host memory, there are no kernels for its device, or the
  /// head has rows ready.
  [[nodiscard]] static std::unique_ptr<YoloDevicePath> make(const std::shared_ptr<const runtime::Session>& session,
                                                            runtime::BatchLimits limits, const YoloHead& head,
                                                            std::size_t row_output);

  ~YoloDevicePath();

  /// Whether these pictures can go this way; if one cannot, all take the other.
  [[nodiscard]] static bool serves(const Preprocessing& recipe, std::span<const ImageView> images) noexcept;

  struct Answer {
    std::size_t image = 0;
    const PreprocessingMetadata& placement;
    std::span<const YoloRow> rows;
    std::span<const float> extras;  ///< [rows, head.extra]
    YoloDeviceOutputs& outputs;
  };
  using Consume = FunctionRef<void(const Answer& answer)>;

  /// Calls `consume` once per image, in order.
  void run(std::span<const ImageView> images, const Preprocessing& recipe, const RowFilter& filter, Consume consume,
           const runtime::RunSettings& settings) const;

 private:
  struct Workspace;
  YoloDevicePath(const std::shared_ptr<const runtime::Session>& session, runtime::BatchLimits limits,
                 const YoloHead& head, std::size_t row_output, const vision::gpu::Kernels& kernels);

  runtime::DeviceRunner runner_;
  YoloHead head_;
  std::size_t row_output_;
  std::unique_ptr<ObjectPool<Workspace>> workspaces_;
};

}  // namespace inference_exp::models
