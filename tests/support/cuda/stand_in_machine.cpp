// Switches, devices, contexts and memory of the stand-in driver.
#include "support/cuda/stand_in_machine.hpp"

#include <algorithm>
#include <cstring>

namespace inference_exp::test {

namespace {

// No address of a host: not even canonical.
constexpr std::uintptr_t kFirstAddress = std::uintptr_t{1} << 60;
constexpr std::uintptr_t kLastAddress = std::uintptr_t{1} << 61;
constexpr std::size_t kAlignment = 512;
constexpr std::size_t kDeviceMemory = std::size_t{8} << 30;
// Contexts are device numbers, moved away from null.
constexpr std::uintptr_t kFirstContext = 0x100;
constexpr int kCapabilityMajor = 75;
constexpr int kCapabilityMinor = 76;

/// New memory holds no zeros that somebody might count on.
std::shared_ptr<Block> make_block(std::size_t bytes) {
  constexpr std::size_t kMostFilled = std::size_t{1} << 24;
  auto block = std::make_shared<Block>();
  block->bytes = std::make_unique_for_overwrite<std::byte[]>(bytes);
  block->size = bytes;
  std::memset(block->bytes.get(), 0xCD, std::min(bytes, kMostFilled));
  return block;
}

std::vector<cuda::ContextHandle>& context_stack() {
  thread_local std::vector<cuda::ContextHandle> stack;
  return stack;
}

}  // namespace

Machine::Machine() : next_address_(kFirstAddress) {}

Machine& Machine::instance() {
  static Machine& machine = *std::unique_ptr<Machine>(new Machine).release();
  return machine;
}

void Machine::fail(std::string_view function, int result, int after) {
  const std::scoped_lock lock(tables_);
  failures_.emplace(function, Failure{.after = after, .result = result});
}

int Machine::calls(std::string_view function) const {
  const std::scoped_lock lock(tables_);
  const auto found = calls_.find(function);
  return found != calls_.end() ? found->second : 0;
}

void Machine::limit_memory(std::size_t bytes) {
  const std::scoped_lock lock(tables_);
  limit_ = bytes;
}

std::size_t Machine::memory_in_use() const {
  const std::scoped_lock lock(tables_);
  return in_use_;
}

int Machine::live_objects() const {
  const std::scoped_lock lock(tables_);
  return static_cast<int>(streams_.size() + events_.size() + device_blocks_.size() + host_blocks_.size() +
                          graphs_.size() + executables_.size() + modules_.size());
}

void Machine::set_devices(int count, std::string_view name, int major, int minor) {
  const std::scoped_lock lock(tables_);
  devices_ = count;
  device_name_ = name;
  major_ = major;
  minor_ = minor;
}

void Machine::reset() {
  const std::scoped_lock lock(tables_);
  failures_.clear();
  calls_.clear();
  limit_ = 0;
}

int Machine::enter(std::string_view function, Needs needs) {
  const std::scoped_lock lock(tables_);
  ++calls_.try_emplace(std::string(function), 0).first->second;
  int result = 0;
  const auto [first, last] = failures_.equal_range(function);
  for (auto failure = first; failure != last;) {
    if (failure->second.after-- > 0) {
      ++failure;
      continue;
    }
    result = failure->second.result;
    failure = failures_.erase(failure);
  }
  if (result != 0) return result;
  if (needs != Needs::nothing && !initialized_) return kNotInitialized;
  if (needs == Needs::context && context_stack().empty()) return kInvalidContext;
  return 0;
}

int Machine::initialize() {
  const std::scoped_lock lock(tables_);
  initialized_ = true;
  return 0;
}

int Machine::device_count() const {
  const std::scoped_lock lock(tables_);
  return devices_;
}

int Machine::device_name(char* name, int length, int device) const {
  const std::scoped_lock lock(tables_);
  if (device < 0 || device >= devices_) return kInvalidDevice;
  if (name == nullptr || length <= 0) return cuda::kInvalidValue;
  const std::size_t copied = device_name_.copy(name, static_cast<std::size_t>(length) - 1);
  name[copied] = '\0';
  return 0;
}

int Machine::device_attribute(int* value, int attribute, int device) const {
  const std::scoped_lock lock(tables_);
  if (device < 0 || device >= devices_) return kInvalidDevice;
  if (attribute != kCapabilityMajor && attribute != kCapabilityMinor) return cuda::kInvalidValue;
  *value = attribute == kCapabilityMajor ? major_ : minor_;
  return 0;
}

int Machine::retain_context(cuda::ContextHandle* context, int device) const {
  const std::scoped_lock lock(tables_);
  if (device < 0 || device >= devices_) return kInvalidDevice;
  *context = reinterpret_cast<cuda::ContextHandle>(kFirstContext + static_cast<std::uintptr_t>(device));
  return 0;
}

int Machine::push_context(cuda::ContextHandle context) const {
  if (reinterpret_cast<std::uintptr_t>(context) < kFirstContext) return kInvalidContext;
  context_stack().push_back(context);
  return 0;
}

int Machine::pop_context(cuda::ContextHandle* context) const {
  if (context_stack().empty()) return kInvalidContext;
  *context = context_stack().back();
  context_stack().pop_back();
  return 0;
}

int Machine::memory_info(std::size_t* free, std::size_t* total) const {
  const std::scoped_lock lock(tables_);
  *total = limit_ != 0 ? limit_ : kDeviceMemory;
  *free = *total - std::min(*total, in_use_);
  return 0;
}

int Machine::allocate(cuda::DevicePointer* pointer, std::size_t bytes) {
  const std::scoped_lock lock(tables_);
  if (const int refused = refuse_while_capturing(); refused != 0) return refused;
  if (pointer == nullptr || bytes == 0) return cuda::kInvalidValue;
  const std::size_t most = limit_ != 0 ? limit_ : kDeviceMemory;
  if (bytes > most || in_use_ > most - bytes) return cuda::kOutOfMemory;
  device_blocks_.emplace(next_address_, make_block(bytes));
  *pointer = next_address_;
  in_use_ += bytes;
  // A gap, so that the end of one is not the start of another; and never used again.
  next_address_ += (bytes / kAlignment + 2) * kAlignment;
  return 0;
}

int Machine::release(cuda::DevicePointer pointer) {
  const std::scoped_lock lock(tables_);
  if (const int refused = refuse_while_capturing(); refused != 0) return refused;
  const auto found = device_blocks_.find(pointer);
  if (found == device_blocks_.end()) return cuda::kInvalidValue;
  in_use_ -= found->second->size;
  // The real driver waits for queued work first.
  if (!idle()) freed_blocks_.emplace(pointer, found->second);
  device_blocks_.erase(found);
  return 0;
}

int Machine::allocate_host(void** pointer, std::size_t bytes) {
  const std::scoped_lock lock(tables_);
  if (const int refused = refuse_while_capturing(); refused != 0) return refused;
  if (pointer == nullptr || bytes == 0) return cuda::kInvalidValue;
  std::shared_ptr<Block> block = make_block(bytes);
  *pointer = block->bytes.get();
  host_blocks_.emplace(reinterpret_cast<std::uintptr_t>(*pointer), std::move(block));
  return 0;
}

int Machine::release_host(void* pointer) {
  const std::scoped_lock lock(tables_);
  if (const int refused = refuse_while_capturing(); refused != 0) return refused;
  const auto found = host_blocks_.find(reinterpret_cast<std::uintptr_t>(pointer));
  if (found == host_blocks_.end()) return cuda::kInvalidValue;
  if (!idle()) freed_host_blocks_.push_back(found->second);
  host_blocks_.erase(found);
  return 0;
}

bool Machine::is_host(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  return pointer != nullptr && (address < kFirstAddress || address >= kLastAddress);
}

std::shared_ptr<const std::byte> Machine::host_source(const void* from, std::size_t bytes, void* stream) {
  const std::scoped_lock lock(tables_);
  const auto* const first = static_cast<const std::byte*>(from);
  const std::shared_ptr<StreamState> state = find_stream(stream);
  const bool captured = state != nullptr && state->capture != nullptr;
  if (captured || find_memory(host_blocks_, reinterpret_cast<std::uintptr_t>(from), bytes) != nullptr) {
    return {std::shared_ptr<const std::byte>(), first};
  }
  const std::shared_ptr<std::byte[]> copy(new std::byte[bytes]);
  std::copy_n(first, bytes, copy.get());
  return {copy, copy.get()};
}

std::byte* Machine::find_memory(const Table<Block>& blocks, std::uintptr_t address, std::size_t bytes) const {
  auto after = blocks.upper_bound(address);
  if (after == blocks.begin()) return nullptr;
  const auto& [start, block] = *--after;
  const std::uintptr_t offset = address - start;
  if (offset > block->size || bytes > block->size - offset) return nullptr;
  return block->bytes.get() + offset;
}

std::byte* Machine::device_memory(std::uintptr_t address, std::size_t bytes) {
  const std::scoped_lock lock(tables_);
  std::byte* const memory = find_memory(device_blocks_, address, bytes);
  return memory != nullptr ? memory : find_memory(freed_blocks_, address, bytes);
}

}  // namespace inference_exp::test
