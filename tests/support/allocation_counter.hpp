// Counts what this thread takes from the heap, to show that a path takes nothing.
#pragma once

#include <cstddef>

namespace inference_exp::testing {

/// False in sanitizer builds, whose own heap must not be replaced.
[[nodiscard]] bool counts_allocations() noexcept;

/// Calls of operator new on this thread since it started.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace inference_exp::testing
