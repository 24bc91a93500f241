#include "cuda/resources.hpp"

#include <array>
#include <map>
#include <memory>
#include <mutex>

namespace inference_exp::cuda {

namespace {

constexpr unsigned kNonBlocking = 1;    // CU_STREAM_NON_BLOCKING
constexpr unsigned kDisableTiming = 2;  // CU_EVENT_DISABLE_TIMING
constexpr unsigned kPortable = 1;       // CU_MEMHOSTALLOC_PORTABLE
constexpr int kThreadLocalCapture = 1;  // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
constexpr int kCapabilityMajor = 75;    // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
constexpr int kCapabilityMinor = 76;    // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR

struct ContextTable {
  std::mutex mutex;
  std::map<int, Context> contexts;  // a map: its elements stay where they are
};

/// Never destroyed, as the contexts are not.
ContextTable& context_table() {
  static ContextTable& instance = *std::make_unique<ContextTable>().release();
  return instance;
}

std::string name_of(int device) {
  std::array<char, 256> name{};
  check(driver().device_get_name(name.data(), static_cast<int>(name.size()) - 1, device), "cuDeviceGetName");
  return name.data();
}

int attribute_of(int device, int attribute) {
  int value = 0;
  check(driver().device_get_attribute(&value, attribute, device), "cuDeviceGetAttribute");
  return value;
}

/// Runs a destruction in its context. Its result is of no use any more.
template <typename Destroy>
void in_context(const Context* context, Destroy&& destroy) noexcept {
  const Driver& calls = driver();
  if (calls.ctx_push_current(context->handle()) != kSuccess) return;
  (void)std::forward<Destroy>(destroy)(calls);
  ContextHandle popped = nullptr;
  (void)calls.ctx_pop_current(&popped);
}

}  // namespace

const Context& Context::of_device(int index) {
  ContextTable& table = context_table();
  const Driver& calls = driver();
  const std::scoped_lock lock(table.mutex);
  if (const auto known = table.contexts.find(index); known != table.contexts.end()) return known->second;
  if (const int count = device_count(); index < 0 || index >= count) {
    throw Unavailable("There is no CUDA device " + std::to_string(index) + "; this machine has " +
                      std::to_string(count) + ".");
  }
  int device = 0;
  ContextHandle handle = nullptr;
  check(calls.device_get(&device, index), "cuDeviceGet");
  std::string name = name_of(device);
  const std::pair capability{attribute_of(device, kCapabilityMajor), attribute_of(device, kCapabilityMinor)};
  check(calls.primary_ctx_retain(&handle, device), "cuDevicePrimaryCtxRetain");
  return table.contexts.emplace(index, Context(index, handle, std::move(name), capability)).first->second;
}

ContextScope::ContextScope(const Context& context) {
  check(driver().ctx_push_current(context.handle()), "cuCtxPushCurrent");
}

ContextScope::~ContextScope() {
  ContextHandle popped = nullptr;
  (void)driver().ctx_pop_current(&popped);
}

DeviceMemory device_memory(const Context& context) {
  const ContextScope current(context);
  DeviceMemory memory;
  check(driver().mem_get_info(&memory.free, &memory.total), "cuMemGetInfo");
  return memory;
}

void wait(StreamHandle stream) { check(driver().stream_synchronize(stream), "cuStreamSynchronize"); }

Stream::Stream(const Context& context) : context_(&context) {
  const ContextScope current(context);
  check(driver().stream_create(&handle_, kNonBlocking), "cuStreamCreate");
}

Stream& Stream::operator=(Stream&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  return *this;
}

Stream::~Stream() {
  if (handle_ != nullptr) in_context(context_, [this](const Driver& calls) { return calls.stream_destroy(handle_); });
}

void Stream::synchronize() const {
  const ContextScope current(*context_);
  wait(handle_);
}

Event::Event(const Context& context, bool timed) : context_(&context) {
  const ContextScope current(context);
  check(driver().event_create(&handle_, timed ? 0 : kDisableTiming), "cuEventCreate");
}

Event& Event::operator=(Event&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  return *this;
}

Event::~Event() {
  if (handle_ != nullptr) in_context(context_, [this](const Driver& calls) { return calls.event_destroy(handle_); });
}

void Event::record(StreamHandle stream) const {
  const ContextScope current(*context_);
  check(driver().event_record(handle_, stream), "cuEventRecord");
}

void Event::make_wait(StreamHandle stream) const {
  const ContextScope current(*context_);
  check(driver().stream_wait_event(stream, handle_, 0), "cuStreamWaitEvent");
}

void Event::synchronize() const {
  const ContextScope current(*context_);
  check(driver().event_synchronize(handle_), "cuEventSynchronize");
}

float Event::milliseconds(const Event& from, const Event& to) {
  const ContextScope current(*from.context_);
  float passed = 0;
  check(driver().event_elapsed_time(&passed, from.handle_, to.handle_), "cuEventElapsedTime");
  return passed;
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : context_(other.context_), address_(std::exchange(other.address_, 0)), size_(std::exchange(other.size_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() {
  if (address_ != 0) in_context(context_, [this](const Driver& calls) { return calls.mem_free(address_); });
}

void DeviceBuffer::reserve(std::size_t bytes) {
  if (bytes <= size_) return;
  *this = DeviceBuffer(*context_);  // first, so that both are never held at once
  const ContextScope current(*context_);
  check(driver().mem_alloc(&address_, bytes), "cuMemAlloc");
  size_ = bytes;
}

PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : context_(other.context_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

PinnedBuffer& PinnedBuffer::operator=(PinnedBuffer&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

PinnedBuffer::~PinnedBuffer() {
  if (data_ != nullptr) in_context(context_, [this](const Driver& calls) { return calls.mem_free_host(data_); });
}

void PinnedBuffer::reserve(std::size_t bytes) {
  if (bytes <= size_) return;
  *this = PinnedBuffer(*context_);
  const ContextScope current(*context_);
  void* memory = nullptr;
  check(driver().mem_host_alloc(&memory, bytes, kPortable), "cuMemHostAlloc");
  data_ = static_cast<std::byte*>(memory);
  size_ = bytes;
}

Graph::Graph(Graph&& other) noexcept : context_(other.context_), handle_(std::exchange(other.handle_, nullptr)) {}

Graph& Graph::operator=(Graph&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  return *this;
}

Graph::~Graph() {
  if (handle_ == nullptr) return;
  in_context(context_, [this](const Driver& calls) { return calls.graph_exec_destroy(handle_); });
}

void Graph::launch(const Stream& stream) const {
  const ContextScope current(*context_);
  check(driver().graph_launch(handle_, stream.handle()), "cuGraphLaunch");
}

void Graph::begin(const Context& context, const Stream& stream) {
  const ContextScope current(context);
  check(driver().stream_begin_capture(stream.handle(), kThreadLocalCapture), "cuStreamBeginCapture");
}

void Graph::abandon(const Context& context, const Stream& stream) noexcept {
  in_context(&context, [&stream](const Driver& calls) {
    GraphHandle recorded = nullptr;
    const Result result = calls.stream_end_capture(stream.handle(), &recorded);
    return recorded != nullptr ? calls.graph_destroy(recorded) : result;
  });
}

Graph Graph::end(const Context& context, const Stream& stream) {
  const ContextScope current(context);
  GraphHandle recorded = nullptr;
  check(driver().stream_end_capture(stream.handle(), &recorded), "cuStreamEndCapture");
  Graph graph;
  graph.context_ = &context;
  const Result result = driver().graph_instantiate(&graph.handle_, recorded, 0);
  (void)driver().graph_destroy(recorded);
  check(result, "cuGraphInstantiateWithFlags");
  return graph;
}

Module::Module(const Context& context, std::span<const unsigned char> image) : context_(&context) {
  const ContextScope current(context);
  check(driver().module_load_data(&handle_, image.data()), "cuModuleLoadData");
}

Module& Module::operator=(Module&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  return *this;
}

Module::~Module() {
  if (handle_ != nullptr) in_context(context_, [this](const Driver& calls) { return calls.module_unload(handle_); });
}

FunctionHandle Module::function(const char* name) const {
  const ContextScope current(*context_);
  FunctionHandle found = nullptr;
  check(driver().module_get_function(&found, handle_, name), "cuModuleGetFunction");
  return found;
}

void launch(FunctionHandle function, Extent grid, Extent block, StreamHandle stream, std::span<void*> arguments) {
  check(driver().launch_kernel(function, grid.x, grid.y, grid.z, block.x, block.y, block.z, 0, stream, arguments.data(),
                               nullptr),
        "cuLaunchKernel");
}

void copy_to_device(DevicePointer to, const void* from, std::size_t bytes, StreamHandle stream) {
  check(driver().memcpy_htod_async(to, from, bytes, stream), "cuMemcpyHtoDAsync");
}

void copy_to_host(void* to, DevicePointer from, std::size_t bytes, StreamHandle stream) {
  check(driver().memcpy_dtoh_async(to, from, bytes, stream), "cuMemcpyDtoHAsync");
}

void copy_on_device(DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle stream) {
  check(driver().memcpy_dtod_async(to, from, bytes, stream), "cuMemcpyDtoDAsync");
}

void fill_zero(DevicePointer to, std::size_t bytes, StreamHandle stream) {
  check(driver().memset_d8_async(to, 0, bytes, stream), "cuMemsetD8Async");
}

void copy_rows_to_device(DevicePointer to, const void* from, std::size_t stride, std::size_t row_bytes,
                         std::size_t rows, StreamHandle stream) {
  if (stride == row_bytes) {
    copy_to_device(to, from, row_bytes * rows, stream);
    return;
  }
  Copy2D copy;
  copy.src_memory_type = kMemoryTypeHost;
  copy.src_host = from;
  copy.src_pitch = stride;
  copy.dst_memory_type = kMemoryTypeDevice;
  copy.dst_device = to;
  copy.dst_pitch = row_bytes;
  copy.width_bytes = row_bytes;
  copy.height = rows;
  check(driver().memcpy_2d_async(&copy, stream), "cuMemcpy2DAsync");
}

}  // namespace inference_exp::cuda
