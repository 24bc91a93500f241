// What one request at a time runs in: a stream, an execution context, buffers for all inputs and outputs on both sides,
// and the CUDA graphs that were recorded there. A session keeps its lanes for later requests.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "bound_context.hpp"
#include "cuda/resources.hpp"
#include "graph_cache.hpp"
#include "ports.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// Not thread-safe; the device's context must be current around every call but construction and destruction. Throws
/// cuda::Error and backend::Failure.
class ExecutionLane {
 public:
  ExecutionLane(Engine& engine, const Ports& ports, const cuda::Context& context, bool use_graphs);
  ExecutionLane(const ExecutionLane&) = delete;
  ExecutionLane& operator=(const ExecutionLane&) = delete;
  ~ExecutionLane();

  [[nodiscard]] cuda::StreamHandle stream() const noexcept { return stream_.handle(); }

  /// The run to be: the caller fills in the shapes and profile, prepare() the output shapes.
  [[nodiscard]] RunKey& key() noexcept { return key_; }
  /// Applies the shapes of key(). Throws IEXP_ERROR_MODEL_RUNTIME where an output's shape depends on the data.
  void prepare();
  /// Valid after prepare(), until the next one.
  [[nodiscard]] const Dimensions& output_shape(std::size_t index) const { return network_.output_shapes()[index]; }

  /// Queues the copy of host memory to the lane's own buffer of an input, and puts that into key(). Ordinary memory is
  /// read before this returns; `pinned` memory is read on the stream.
  void upload(std::size_t index, const void* from, std::size_t bytes, bool pinned);
  /// The same for memory of the device.
  void copy_input(std::size_t index, const void* from, std::size_t bytes);
  /// Puts the lane's own buffer of an output into key().
  void use_own_output(std::size_t index, std::size_t bytes);
  /// Queues the run of key(), as a graph where the session uses them and `graphs_allowed`.
  void enqueue(bool graphs_allowed);
  /// Queues the copy of an output from where it lies to `to`, which must be pinned; returns `to`.
  void download(std::size_t index, std::size_t bytes, void* to);
  /// The same to memory of the device.
  void copy_output(std::size_t index, std::size_t bytes, void* to);
  /// The lane's own pinned memory for an output.
  [[nodiscard]] void* host_output(std::size_t index, std::size_t bytes);

  /// Waits for what was queued on this lane's stream.
  void synchronize();
  /// Waits likewise, whatever comes of it.
  void drain() noexcept;
  /// After a failure: nothing is queued any more, and the next run sets and records everything again.
  void recover() noexcept;

 private:
  void grow(cuda::DeviceBuffer& buffer, std::size_t bytes);
  void grow(cuda::PinnedBuffer& buffer, std::size_t bytes);
  void wait_for_uploads();

  const Ports& ports_;
  const cuda::Context& context_;
  cuda::Stream stream_;
  cuda::Event uploaded_;            ///< passed when pinned input memory may be written again
  bool uploads_in_flight_ = false;  ///< whether there may be something to wait for
  std::vector<cuda::DeviceBuffer> inputs_;
  std::vector<cuda::DeviceBuffer> outputs_;
  std::vector<cuda::PinnedBuffer> host_inputs_;
  std::vector<cuda::PinnedBuffer> host_outputs_;
  RunKey key_;
  BoundContext network_;
  GraphCache graphs_;
  bool use_graphs_;
};

}  // namespace inference_exp::tensorrt
