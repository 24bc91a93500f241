// What the stand-in driver is made of: tables of what is alive, and streams that run when somebody waits for them.
//
// Two locks. The tables have one, held for moments. Queued work has another, held while it runs, so that work may ask
// for device memory and other threads may queue meanwhile. Who holds the tables never takes the other.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "cuda/driver.hpp"
#include "support/cuda/stand_in_driver.hpp"

namespace inference_exp::test {

// Results that only the stand-in gives; the names are NVIDIA's.
inline constexpr int kNotInitialized = 3;
inline constexpr int kInvalidDevice = 101;
inline constexpr int kInvalidContext = 201;
inline constexpr int kInvalidHandle = 400;
inline constexpr int kNotFound = 500;
inline constexpr int kNotReady = 600;
inline constexpr int kIllegalAddress = 700;
inline constexpr int kLaunchFailed = 719;
inline constexpr int kCaptureInvalidated = 901;
inline constexpr int kCaptureUnmatched = 903;
inline constexpr int kCaptureIsolation = 905;
inline constexpr int kCapturedEvent = 907;
inline constexpr int kCaptureWrongThread = 908;

/// A piece of queued work; it returns 0 or an error.
using Work = std::function<int()>;

struct Capture {
  std::thread::id thread;
  bool invalid = false;
  std::vector<Work> work;
};

struct StreamState {
  std::deque<Work> queue;
  std::uint64_t queued = 0;  ///< since it was made
  std::uint64_t done = 0;
  int error = 0;  ///< of work that ran; the next wait reports it
  std::shared_ptr<Capture> capture;
};

struct EventState {
  bool timed = false;
  std::shared_ptr<StreamState> stream;  ///< null: never recorded
  std::uint64_t position = 0;           ///< the work of `stream` that comes before it
  std::shared_ptr<Capture> capture;     ///< recorded while this was captured
};

/// Memory, of the device or pinned.
struct Block {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;
};

struct KernelState {
  std::vector<std::size_t> parameter_sizes;
  HostKernel run;
};

struct FunctionState {
  std::uintptr_t module = 0;
  const KernelState* kernel = nullptr;
};

using GraphWork = std::vector<Work>;

enum class Needs { nothing, driver, context };

class Machine final : public StandInDriver {
 public:
  static Machine& instance();

  void fail(std::string_view function, int result, int after) override;
  [[nodiscard]] int calls(std::string_view function) const override;
  void limit_memory(std::size_t bytes) override;
  [[nodiscard]] std::size_t memory_in_use() const override;
  [[nodiscard]] int live_objects() const override;
  void set_devices(int count, std::string_view name, int major, int minor) override;
  void reset() override;
  void register_kernel(const std::string& name, std::vector<std::size_t> parameter_sizes, HostKernel kernel) override;
  [[nodiscard]] std::byte* device_memory(std::uintptr_t address, std::size_t bytes) override;
  int enqueue(void* stream, std::function<int()> work) override;

  /// The start of every call: counts it and says whether it must fail.
  int enter(std::string_view function, Needs needs);

  int initialize();
  int device_count() const;
  int device_name(char* name, int length, int device) const;
  int device_attribute(int* value, int attribute, int device) const;
  int retain_context(cuda::ContextHandle* context, int device) const;
  int push_context(cuda::ContextHandle context) const;
  int pop_context(cuda::ContextHandle* context) const;

  int memory_info(std::size_t* free, std::size_t* total) const;
  int allocate(cuda::DevicePointer* pointer, std::size_t bytes);
  int release(cuda::DevicePointer pointer);
  int allocate_host(void** pointer, std::size_t bytes);
  int release_host(void* pointer);
  /// Neither null nor an address of the device.
  [[nodiscard]] static bool is_host(const void* pointer);
  /// What a queued copy reads: `from` itself when pinned or captured; else its bytes now, as the real driver does it.
  [[nodiscard]] std::shared_ptr<const std::byte> host_source(const void* from, std::size_t bytes, void* stream);

  int make_stream(cuda::StreamHandle* stream);
  int destroy_stream(cuda::StreamHandle stream);
  int synchronize_stream(cuda::StreamHandle stream);
  int stream_wait(cuda::StreamHandle stream, cuda::EventHandle event);
  int begin_capture(cuda::StreamHandle stream);
  int end_capture(cuda::StreamHandle stream, cuda::GraphHandle* graph);
  int make_event(cuda::EventHandle* event, bool timed);
  int destroy_event(cuda::EventHandle event);
  int record_event(cuda::EventHandle event, cuda::StreamHandle stream);
  int synchronize_event(cuda::EventHandle event);
  int elapsed_time(float* milliseconds, cuda::EventHandle from, cuda::EventHandle to) const;

  int instantiate(cuda::GraphExecHandle* executable, cuda::GraphHandle graph);
  int launch_graph(cuda::GraphExecHandle executable, cuda::StreamHandle stream);
  int destroy_executable(cuda::GraphExecHandle executable);
  int destroy_graph(cuda::GraphHandle graph);
  int load_module(cuda::ModuleHandle* module);
  int unload_module(cuda::ModuleHandle module);
  int find_function(cuda::FunctionHandle* function, cuda::ModuleHandle module, std::string_view name);
  int launch_kernel(cuda::FunctionHandle function, const HostLaunch& launch, cuda::StreamHandle stream);

 private:
  template <typename T>
  using Table = std::map<std::uintptr_t, std::shared_ptr<T>>;

  struct Failure {
    int after = 0;
    int result = 0;
  };

  template <typename T, typename Handle>
  static std::shared_ptr<T> find(const Table<T>& table, Handle handle) {
    const auto found = table.find(reinterpret_cast<std::uintptr_t>(handle));
    return found != table.end() ? found->second : nullptr;
  }
  template <typename T, typename Handle>
  int add(Table<T>& table, std::shared_ptr<T> item, Handle* handle) {
    if (handle == nullptr) return cuda::kInvalidValue;
    table.emplace(next_handle_, std::move(item));
    *handle = reinterpret_cast<Handle>(next_handle_);
    next_handle_ += 16;  // never used again: a handle of something destroyed stays wrong
    return 0;
  }
  template <typename T, typename Handle>
  int remove(Table<T>& table, Handle handle) {
    typename Table<T>::node_type removed;  // dies unlocked: what queued work holds may call the driver as it goes
    const std::scoped_lock lock(tables_);
    removed = table.extract(reinterpret_cast<std::uintptr_t>(handle));
    return removed.empty() ? kInvalidHandle : 0;
  }

  // Call these with `tables_` held.
  int queue(StreamState& stream, Work work);
  int refuse_while_capturing();
  [[nodiscard]] bool idle() const;
  void drop_capture(StreamState& stream);
  [[nodiscard]] std::byte* find_memory(const Table<Block>& blocks, std::uintptr_t address, std::size_t bytes) const;

  /// Runs the first `position` pieces of a stream's work that ever were queued. Returns what went wrong, once.
  int run(const std::shared_ptr<StreamState>& stream, std::uint64_t position);
  bool run_next(StreamState& stream, std::uint64_t position);

  mutable std::mutex tables_;
  std::recursive_mutex running_;  // recursive: work waits for the work of other streams
  bool initialized_ = false;
  int devices_ = 1;
  std::string device_name_ = "Stand-in GPU";
  int major_ = 8;
  int minor_ = 6;
  std::size_t limit_ = 0;
  std::size_t in_use_ = 0;
  std::uintptr_t next_handle_ = 0x1000;
  std::uintptr_t next_address_;
  std::multimap<std::string, Failure, std::less<>> failures_;
  std::map<std::string, int, std::less<>> calls_;
  std::map<std::string, KernelState, std::less<>> kernels_;
  std::vector<std::shared_ptr<Capture>> captures_;
  Table<StreamState> streams_;
  Table<EventState> events_;
  Table<Block> device_blocks_;
  Table<Block> host_blocks_;
  Table<Block> freed_blocks_;  ///< of the device, which work that is still queued may use
  std::vector<std::shared_ptr<Block>> freed_host_blocks_;
  Table<const GraphWork> graphs_;
  Table<const GraphWork> executables_;
  Table<int> modules_;
  Table<FunctionState> functions_;
  std::shared_ptr<StreamState> default_stream_ = std::make_shared<StreamState>();

  [[nodiscard]] std::shared_ptr<StreamState> find_stream(const void* stream) const {
    return stream == nullptr ? default_stream_ : find(streams_, stream);
  }

  Machine();
};

/// A call of the driver from the outside.
template <typename Body>
int driver_call(const char* name, Needs needs, Body body) {
  Machine& machine = Machine::instance();
  if (const int result = machine.enter(name, needs); result != 0) return result;
  try {
    return body(machine);
  } catch (const std::bad_alloc&) {
    return cuda::kOutOfMemory;
  }
}

}  // namespace inference_exp::test
