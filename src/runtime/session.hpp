// An opened network, whichever backend runs it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.hpp"

namespace inference_exp::runtime {

/// What a plug-in has to be told of a network beside its file (docs/plugins.md lists the keys): for checkpoints, which
/// hold weights but no graph, "architecture", "part" ("image" or "text") and "model_type".
using NetworkOptions = std::map<std::string, std::string, std::less<>>;

struct TensorSpec {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;  ///< -1 where dynamic
};

/// Compact row-major data in the memory of a CUDA device that somebody else owns.
struct DeviceTensorView {
  void* data = nullptr;  ///< an address of the device
  DType dtype = DType::f32;
  Shape shape;
};

/// The work of a request in device memory: for sessions with a cuda_device(). All of it is queued on one stream of the
/// device's primary context, and nothing waits.
class DeviceRequest {
 public:
  virtual ~DeviceRequest() = default;
  /// A CUstream; null is the legacy default stream. The same for the request's whole life.
  [[nodiscard]] virtual void* stream() const = 0;
  /// Borrows `tensor` until the input is set again or the request is gone; it is read on the stream.
  virtual void set_device_input(std::size_t index, const DeviceTensorView& tensor) = 0;
  /// Queues one run.
  virtual void enqueue() = 0;
  /// For work queued on the stream after enqueue() and before the next one.
  [[nodiscard]] virtual DeviceTensorView device_output(std::size_t index) const = 0;
};

/// One reusable call of a network: bind, run, read. Used by one thread at a time; must not outlive its session.
class InferenceRequest {
 public:
  virtual ~InferenceRequest() = default;
  /// Borrows `tensor` until the input is set again or the request is gone.
  virtual void set_input(std::size_t index, const TensorView& tensor) = 0;
  /// Borrows a destination of exactly the output's shape; without one, or with one without data, the backend
  /// allocates.
  virtual void set_output(std::size_t index, const TensorView& tensor) = 0;
  /// Throws ModelRuntimeError when the network fails.
  virtual void run() = 0;
  /// Whether the backend may record runs and replay them, from the next run on; most backends never do.
  virtual void allow_graphs(bool /*allowed*/) {}
  /// Valid until the next run.
  [[nodiscard]] virtual TensorView output(std::size_t index) const = 0;
  /// The same request in device memory; null where the session works in host memory only.
  [[nodiscard]] virtual DeviceRequest* on_device() noexcept { return nullptr; }
};

/// Thread-safe: any number of requests may run at once.
class Session {
 public:
  virtual ~Session() = default;
  [[nodiscard]] virtual std::span<const TensorSpec> inputs() const noexcept = 0;
  [[nodiscard]] virtual std::span<const TensorSpec> outputs() const noexcept = 0;
  /// The model file's own metadata (such as "names", "task").
  [[nodiscard]] virtual const std::map<std::string, std::string, std::less<>>& metadata() const noexcept = 0;
  /// The plug-in's name, such as "onnx".
  [[nodiscard]] virtual std::string_view backend() const noexcept = 0;
  [[nodiscard]] virtual std::unique_ptr<InferenceRequest> create_request() const = 0;
  /// The CUDA device whose memory the session's requests can work in.
  [[nodiscard]] virtual std::optional<int> cuda_device() const noexcept { return std::nullopt; }
};

}  // namespace inference_exp::runtime
