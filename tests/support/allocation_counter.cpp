#include "support/allocation_counter.hpp"

#include <cstdlib>
#include <new>

namespace inference_exp::testing {

namespace {
thread_local std::size_t count = 0;
}  // namespace

bool counts_allocations() noexcept { return true; }
std::size_t allocations() noexcept { return count; }

static void* allocate(std::size_t size) {
  ++count;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

static void* allocate(std::size_t size, std::align_val_t alignment) {
  ++count;
  const auto boundary = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary)) return memory;
  throw std::bad_alloc();
}

}  // namespace inference_exp::testing

void* operator new(std::size_t size) { return inference_exp::testing::allocate(size); }
void* operator new[](std::size_t size) { return inference_exp::testing::allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return inference_exp::testing::allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return inference_exp::testing::allocate(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
