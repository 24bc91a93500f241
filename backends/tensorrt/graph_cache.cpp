#include "graph_cache.hpp"

#include <algorithm>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

namespace {

/// Moves the element with this key to the front; false when there is none.
template <typename List>
bool bring_to_front(List& list, const RunKey& key) {
  const auto found = std::ranges::find_if(list, [&](const auto& element) { return element.key == key; });
  if (found == list.end()) return false;
  list.splice(list.begin(), list, found);
  return true;
}

}  // namespace

bool GraphCache::enqueue(const RunKey& key) {
  if (bring_to_front(graphs_, key)) {
    graphs_.front().graph.launch(stream_);
    return true;
  }
  if (!bring_to_front(seen_, key)) {
    remember(key);
    return false;
  }
  return !seen_.front().refused && record(key);
}

void GraphCache::remember(const RunKey& key) {
  if (seen_.size() == kCapacity) seen_.pop_back();
  seen_.push_front({.key = key, .refused = false});
}

void GraphCache::make_room() {
  if (graphs_.size() < kCapacity) return;
  stream_.synchronize();  // the last of its runs may still be queued
  graphs_.pop_back();
}

bool GraphCache::record(const RunKey& key) {
  make_room();
  bool queued = false;
  std::list<Entry> made;
  try {
    made.push_front({.key = key, .network = BoundContext(engine_, ports_, context_), .graph = {}});
    BoundContext& network = made.front().network;
    network.set_shapes(key, stream_.handle());
    network.set_addresses(key);
    // This call's own run; it also has TensorRT prepare what must not happen while recording.
    network.enqueue(stream_.handle());
    queued = true;
    made.front().graph = cuda::Graph::capture(context_, stream_, [&] { network.enqueue(stream_.handle()); });
  } catch (const backend::Failure&) {
    seen_.front().refused = true;
  } catch (const cuda::Error&) {
    seen_.front().refused = true;
  } catch (...) {
    (void)cuda::driver().stream_synchronize(stream_.handle());  // before the context goes that queued the run
    throw;
  }
  if (seen_.front().refused) {
    stream_.synchronize();  // before the context goes that queued the run
    return queued;
  }
  seen_.pop_front();
  graphs_.splice(graphs_.begin(), made);
  return true;
}

void GraphCache::clear() noexcept {
  graphs_.clear();
  seen_.clear();
}

}  // namespace inference_exp::tensorrt
