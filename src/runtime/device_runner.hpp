// Runs any number of images through a network whose input and outputs stay in the memory of a CUDA device: the batch
// runner's twin for sessions with a cuda_device().
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/function_ref.hpp"
#include "core/object_pool.hpp"
#include "cuda/resources.hpp"
#include "inference_exp/image_view.hpp"
#include "runtime/batches.hpp"
#include "runtime/session.hpp"

namespace inference_exp::runtime {

[[nodiscard]] inline cuda::DevicePointer address_of(const DeviceTensorView& tensor) noexcept {
  return reinterpret_cast<cuda::DevicePointer>(tensor.data);
}

/// One image within one run of the network.
struct DeviceSlot {
  std::size_t image = 0;                ///< of all images of the call
  std::size_t slot = 0;                 ///< of the batch: images of one batch have different ones
  cuda::StreamHandle stream = nullptr;  ///< what all work is queued on
};

/// Drives a network whose one input is a float image batch [B, 3, H, W]. Buffers and requests are pooled: after warm-up
/// a call of known shape allocates nothing here. Waits for its own stream only, once for each batch. Thread-safe.
class DeviceRunner {
 public:
  /// Queues what writes one image's planes, of the network's input type, to `chw`.
  using Fill = FunctionRef<void(const DeviceSlot& slot, cuda::DevicePointer chw, DType dtype)>;
  /// Queues what reads the outputs of one image: per output the part of that image alone, batch axis removed.
  using Read = FunctionRef<void(const DeviceSlot& slot, std::span<const DeviceTensorView> outputs)>;
  /// Called when all that was queued for the image is done.
  using Consume = FunctionRef<void(const DeviceSlot& slot)>;

  /// Whether `session` can be driven like this: it has a device, and one input of float16 or float32.
  [[nodiscard]] static bool serves(const Session& session) noexcept;

  /// `session` must be one that is served. Throws cuda::Unavailable when its device cannot be reached from here.
  DeviceRunner(std::shared_ptr<const Session> session, BatchLimits limits);
  ~DeviceRunner();

  [[nodiscard]] const cuda::Context& context() const noexcept { return *context_; }

  /// Calls the three functions once for each image, in order, on the calling thread, with the device's context current.
  /// What they throw passes through, once nothing is queued any more; the runner stays usable. OutOfDeviceMemoryError
  /// and ModelRuntimeError when the device or the network fails.
  void run(std::size_t image_count, Size input_size, Fill fill, Read read, Consume consume,
           const RunSettings& settings = {}) const;

 private:
  struct Workspace;
  std::shared_ptr<const Session> session_;
  BatchLimits limits_;
  const cuda::Context* context_;
  std::unique_ptr<ObjectPool<Workspace>> workspaces_;
};

/// Runs `body`; errors of the driver become OutOfDeviceMemoryError and ModelRuntimeError.
void with_device_errors(FunctionRef<void()> body);

}  // namespace inference_exp::runtime
