// Streams, events and captures of the stand-in driver.
#include <algorithm>

#include "support/cuda/stand_in_machine.hpp"

namespace inference_exp::test {

int Machine::queue(StreamState& stream, Work work) {
  if (stream.capture != nullptr) {
    if (stream.capture->invalid) return kCaptureInvalidated;
    stream.capture->work.push_back(std::move(work));
    return 0;
  }
  stream.queue.push_back(std::move(work));
  ++stream.queued;
  return 0;
}

int Machine::enqueue(void* stream, std::function<int()> work) {
  const std::scoped_lock lock(tables_);
  const std::shared_ptr<StreamState> state = find_stream(stream);
  return state != nullptr ? queue(*state, std::move(work)) : kInvalidHandle;
}

int Machine::refuse_while_capturing() {
  for (const std::shared_ptr<Capture>& capture : captures_) {
    if (capture->thread != std::this_thread::get_id()) continue;
    capture->invalid = true;
    return cuda::kStreamCaptureUnsupported;
  }
  return 0;
}

bool Machine::idle() const {
  const auto is_idle = [](const StreamState& stream) { return stream.done == stream.queued; };
  return is_idle(*default_stream_) &&
         std::ranges::all_of(streams_, [&](const auto& entry) { return is_idle(*entry.second); });
}

void Machine::drop_capture(StreamState& stream) {
  std::erase(captures_, stream.capture);
  stream.capture = nullptr;
}

bool Machine::run_next(StreamState& stream, std::uint64_t position) {
  Work work;
  std::vector<Work> dropped;  // both die unlocked
  {
    const std::scoped_lock lock(tables_);
    if (stream.done >= position || stream.queue.empty()) return false;
    work = std::move(stream.queue.front());
    stream.queue.pop_front();
  }
  int result = kLaunchFailed;
  try {
    result = work();
  } catch (...) {  // the failure is reported as a kernel's is
  }
  const std::scoped_lock lock(tables_);
  ++stream.done;
  if (result == 0) return true;
  stream.error = result;
  while (stream.done < position && !stream.queue.empty()) {  // what follows a failure does not run
    dropped.push_back(std::move(stream.queue.front()));
    stream.queue.pop_front();
    ++stream.done;
  }
  return false;
}

int Machine::run(const std::shared_ptr<StreamState>& stream, std::uint64_t position) {
  const std::scoped_lock running(running_);
  while (run_next(*stream, position)) {
  }
  const std::scoped_lock lock(tables_);
  if (idle()) {
    freed_blocks_.clear();
    freed_host_blocks_.clear();
  }
  return std::exchange(stream->error, 0);
}

int Machine::make_stream(cuda::StreamHandle* stream) {
  const std::scoped_lock lock(tables_);
  return add(streams_, std::make_shared<StreamState>(), stream);
}

int Machine::destroy_stream(cuda::StreamHandle stream) {
  std::shared_ptr<StreamState> state;
  std::uint64_t position = 0;
  {
    const std::scoped_lock lock(tables_);
    state = find(streams_, stream);
    if (state == nullptr) return kInvalidHandle;
    if (state->capture != nullptr) drop_capture(*state);
    position = state->queued;
  }
  (void)run(state, position);
  return remove(streams_, stream);
}

int Machine::synchronize_stream(cuda::StreamHandle stream) {
  std::shared_ptr<StreamState> state;
  std::uint64_t position = 0;
  {
    const std::scoped_lock lock(tables_);
    state = find_stream(stream);
    if (state == nullptr) return kInvalidHandle;
    if (state->capture != nullptr) {
      state->capture->invalid = true;
      return cuda::kStreamCaptureUnsupported;
    }
    position = state->queued;
  }
  return run(state, position);
}

int Machine::stream_wait(cuda::StreamHandle stream, cuda::EventHandle event) {
  const std::scoped_lock lock(tables_);
  const std::shared_ptr<StreamState> waiting = find_stream(stream);
  const std::shared_ptr<EventState> awaited = find(events_, event);
  if (waiting == nullptr || awaited == nullptr) return kInvalidHandle;
  if (awaited->capture != nullptr || waiting->capture != nullptr) {
    if (awaited->capture == waiting->capture) return 0;  // in one list already
    // Captures of several streams are not acted; the real driver refuses most of these cases as well.
    return kCaptureIsolation;
  }
  if (awaited->stream == nullptr || awaited->stream == waiting) return 0;
  return queue(*waiting,
               [this, other = awaited->stream, position = awaited->position] { return run(other, position); });
}

int Machine::begin_capture(cuda::StreamHandle stream) {
  const std::scoped_lock lock(tables_);
  if (stream == nullptr) return cuda::kStreamCaptureUnsupported;
  const std::shared_ptr<StreamState> state = find(streams_, stream);
  if (state == nullptr) return kInvalidHandle;
  if (state->capture != nullptr) return cuda::kInvalidValue;
  state->capture = std::make_shared<Capture>();
  state->capture->thread = std::this_thread::get_id();
  captures_.push_back(state->capture);
  return 0;
}

int Machine::end_capture(cuda::StreamHandle stream, cuda::GraphHandle* graph) {
  std::shared_ptr<Capture> capture;  // dies unlocked
  const std::scoped_lock lock(tables_);
  const std::shared_ptr<StreamState> state = find_stream(stream);
  if (state == nullptr) return kInvalidHandle;
  *graph = nullptr;
  capture = state->capture;
  if (capture == nullptr) return kCaptureUnmatched;
  if (capture->thread != std::this_thread::get_id()) return kCaptureWrongThread;
  drop_capture(*state);
  if (capture->invalid) return kCaptureInvalidated;
  return add(graphs_, std::make_shared<const GraphWork>(std::move(capture->work)), graph);
}

int Machine::make_event(cuda::EventHandle* event, bool timed) {
  const std::scoped_lock lock(tables_);
  auto state = std::make_shared<EventState>();
  state->timed = timed;
  return add(events_, std::move(state), event);
}

int Machine::destroy_event(cuda::EventHandle event) { return remove(events_, event); }

int Machine::record_event(cuda::EventHandle event, cuda::StreamHandle stream) {
  const std::scoped_lock lock(tables_);
  const std::shared_ptr<StreamState> state = find_stream(stream);
  const std::shared_ptr<EventState> recorded = find(events_, event);
  if (state == nullptr || recorded == nullptr) return kInvalidHandle;
  recorded->capture = state->capture;
  recorded->stream = state->capture == nullptr ? state : nullptr;
  recorded->position = state->queued;
  return 0;
}

int Machine::synchronize_event(cuda::EventHandle event) {
  EventState awaited;
  {
    const std::scoped_lock lock(tables_);
    const std::shared_ptr<EventState> state = find(events_, event);
    if (state == nullptr) return kInvalidHandle;
    if (state->capture != nullptr) return kCapturedEvent;
    awaited = *state;
  }
  return awaited.stream != nullptr ? run(awaited.stream, awaited.position) : 0;
}

int Machine::elapsed_time(float* milliseconds, cuda::EventHandle from, cuda::EventHandle to) const {
  const std::scoped_lock lock(tables_);
  for (const cuda::EventHandle event : {from, to}) {
    const std::shared_ptr<EventState> state = find(events_, event);
    if (state == nullptr || !state->timed || state->stream == nullptr) return kInvalidHandle;
    if (state->stream->done < state->position) return kNotReady;
  }
  *milliseconds = 1.0F;
  return 0;
}

}  // namespace inference_exp::test
