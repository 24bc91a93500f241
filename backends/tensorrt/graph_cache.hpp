// CUDA graphs of runs: recorded when a run comes a second time, replayed from the third on.
//
// A graph has shapes and addresses burnt in, so both are its key: a caller's own device memory gets a graph when it
// comes back at the same address, and a plain run otherwise. Each graph has an execution context of its own, since
// TensorRT may move what a context holds inside when its shapes change, and with it the context's device memory.
#pragma once

#include <cstddef>
#include <list>

#include "bound_context.hpp"
#include "cuda/resources.hpp"
#include "ports.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

/// For one stream. Not thread-safe; the device's context must be current around every call.
class GraphCache {
 public:
  /// Graphs beyond this make room: the one that was used longest ago goes.
  static constexpr std::size_t kCapacity = 8;

  GraphCache(Engine& engine, const Ports& ports, const cuda::Context& context, const cuda::Stream& stream)
      : engine_(engine), ports_(ports), context_(context), stream_(stream) {}

  /// Queues the run of `key`, replayed or recorded; false when it is to run plainly: it came for the first time, or
  /// this engine or the device's memory does not allow a graph. Throws what the stream reports.
  [[nodiscard]] bool enqueue(const RunKey& key);
  /// Drops everything; what was queued must be done.
  void clear() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return graphs_.size(); }

 private:
  struct Entry {
    RunKey key;
    BoundContext network;
    cuda::Graph graph;
  };
  /// A run without a graph.
  struct Seen {
    RunKey key;
    bool refused = false;
  };

  [[nodiscard]] bool record(const RunKey& key);
  void remember(const RunKey& key);
  void make_room();

  Engine& engine_;
  const Ports& ports_;
  const cuda::Context& context_;
  const cuda::Stream& stream_;
  std::list<Entry> graphs_;  ///< the one used last in front
  std::list<Seen> seen_;     ///< likewise; as many as there may be graphs
};

}  // namespace inference_exp::tensorrt
