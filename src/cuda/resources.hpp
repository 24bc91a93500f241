// What a CUDA program holds - contexts, streams, events, memory, graphs, modules - as values that free themselves.
//
// Contract: everything belongs to the device's primary context, which other libraries of the process (TensorRT, ONNX
// Runtime, LibTorch) use as well. Construction throws Error or Unavailable; destruction never throws and may happen on
// any thread: it enters the context itself. Nothing here waits for a whole device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "cuda/driver.hpp"

namespace inference_exp::cuda {

/// The primary context of one device, retained once and kept until the process ends.
class Context {
 public:
  /// The context of device `index`. Throws Unavailable when there is no such device.
  [[nodiscard]] static const Context& of_device(int index);

  [[nodiscard]] int index() const noexcept { return index_; }
  [[nodiscard]] ContextHandle handle() const noexcept { return handle_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }  ///< as the driver spells it
  [[nodiscard]] std::pair<int, int> compute_capability() const noexcept { return capability_; }

 private:
  Context(int index, ContextHandle handle, std::string name, std::pair<int, int> capability)
      : index_(index), handle_(handle), name_(std::move(name)), capability_(std::move(capability)) {}
  int index_;
  ContextHandle handle_;
  std::string name_;
  std::pair<int, int> capability_;
};

/// Makes a context current on this thread for as long as it lives.
class ContextScope {
 public:
  explicit ContextScope(const Context& context);
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope();
};

/// Bytes of the device that are free, and all of them.
struct DeviceMemory {
  std::size_t free = 0;
  std::size_t total = 0;
};
[[nodiscard]] DeviceMemory device_memory(const Context& context);

/// Waits for what was queued on `stream`, and for nothing else; its context must be current.
void wait(StreamHandle stream);

/// A stream that does not wait for the default stream.
class Stream {
 public:
  explicit Stream(const Context& context);
  Stream(Stream&& other) noexcept : context_(other.context_), handle_(std::exchange(other.handle_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();

  [[nodiscard]] StreamHandle handle() const noexcept { return handle_; }
  /// Waits for what was queued on this stream, and for nothing else.
  void synchronize() const;

 private:
  const Context* context_;
  StreamHandle handle_ = nullptr;
};

/// A point on a stream. `timed` ones can be subtracted.
class Event {
 public:
  explicit Event(const Context& context, bool timed = false);
  Event(Event&& other) noexcept : context_(other.context_), handle_(std::exchange(other.handle_, nullptr)) {}
  Event& operator=(Event&& other) noexcept;
  ~Event();

  [[nodiscard]] EventHandle handle() const noexcept { return handle_; }
  void record(StreamHandle stream) const;
  /// What is queued on `stream` from now on runs after this event.
  void make_wait(StreamHandle stream) const;
  void synchronize() const;
  /// Both timed and passed.
  [[nodiscard]] static float milliseconds(const Event& from, const Event& to);

 private:
  const Context* context_;
  EventHandle handle_ = nullptr;
};

/// Memory of a device. Grows, never shrinks; growing loses the contents and must not happen while work is queued on it.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(const Context& context) : context_(&context) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  /// At least `bytes` of memory. On failure (Error, out_of_memory()) the buffer is empty and usable.
  void reserve(std::size_t bytes);
  [[nodiscard]] DevicePointer address() const noexcept { return address_; }
  /// For interfaces that write addresses of the device as pointers.
  [[nodiscard]] void* data() const noexcept { return reinterpret_cast<void*>(address_); }  // NOLINT: it is one
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  const Context* context_;
  DevicePointer address_ = 0;
  std::size_t size_ = 0;
};

/// Page-locked host memory, which a device copies from and to while the host goes on. Grows like DeviceBuffer.
class PinnedBuffer {
 public:
  explicit PinnedBuffer(const Context& context) : context_(&context) {}
  PinnedBuffer(PinnedBuffer&& other) noexcept;
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept;
  ~PinnedBuffer();

  void reserve(std::size_t bytes);
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  const Context* context_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Work recorded once and replayed in one call.
class Graph {
 public:
  Graph() = default;
  Graph(Graph&& other) noexcept;
  Graph& operator=(Graph&& other) noexcept;
  ~Graph();

  /// Records what `enqueue` queues on `stream`; nothing runs. Calls of other threads are not disturbed (thread-local
  /// capture). What `enqueue` throws passes through, with the capture ended.
  template <typename Enqueue>
  [[nodiscard]] static Graph capture(const Context& context, const Stream& stream, Enqueue&& enqueue) {
    begin(context, stream);
    try {
      std::forward<Enqueue>(enqueue)();
    } catch (...) {
      abandon(context, stream);
      throw;
    }
    return end(context, stream);
  }

  [[nodiscard]] bool empty() const noexcept { return handle_ == nullptr; }
  void launch(const Stream& stream) const;

 private:
  static void begin(const Context& context, const Stream& stream);
  static void abandon(const Context& context, const Stream& stream) noexcept;
  static Graph end(const Context& context, const Stream& stream);
  const Context* context_ = nullptr;
  GraphExecHandle handle_ = nullptr;
};

/// Compiled kernels, loaded into a context.
class Module {
 public:
  /// `image` is a cubin, fatbin or zero-terminated PTX text.
  Module(const Context& context, std::span<const unsigned char> image);
  Module(Module&& other) noexcept : context_(other.context_), handle_(std::exchange(other.handle_, nullptr)) {}
  Module& operator=(Module&& other) noexcept;
  ~Module();

  /// Lives as long as the module.
  [[nodiscard]] FunctionHandle function(const char* name) const;

 private:
  const Context* context_;
  ModuleHandle handle_ = nullptr;
};

struct Extent {
  unsigned x = 1, y = 1, z = 1;
};

/// Queues a kernel. `arguments` point to the values, in the kernel's order; they are copied before the call returns.
void launch(FunctionHandle function, Extent grid, Extent block, StreamHandle stream, std::span<void*> arguments);

// Copies queued on a stream; the context must be current. Host memory should be pinned and must stay untouched until
// the stream has passed.
void copy_to_device(DevicePointer to, const void* from, std::size_t bytes, StreamHandle stream);
void copy_to_host(void* to, DevicePointer from, std::size_t bytes, StreamHandle stream);
void copy_on_device(DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle stream);
void fill_zero(DevicePointer to, std::size_t bytes, StreamHandle stream);
/// `rows` rows of `row_bytes` from strided host memory into compact device memory. The stride must not be negative.
void copy_rows_to_device(DevicePointer to, const void* from, std::size_t stride, std::size_t row_bytes,
                         std::size_t rows, StreamHandle stream);

}  // namespace inference_exp::cuda
