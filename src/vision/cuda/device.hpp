// What kernel bodies are written with, so that one source is compiled by nvcc for the GPU and by the C++ compiler for
// the tests, which run it on the CPU.
//
// A body is a function of one thread, given the thread's place, or of one block, given a Block whose phases end in a
// barrier. It is C++17 without the standard library.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define IEXP_DEVICE __device__ inline
#else
#define IEXP_DEVICE inline
#endif

namespace inference_exp::vision::gpu {

IEXP_DEVICE std::uint32_t bits_of(float value) { return __builtin_bit_cast(std::uint32_t, value); }
IEXP_DEVICE float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// Finite, without the standard library.
IEXP_DEVICE bool finite(float value) { return (bits_of(value) & 0x7F800000U) != 0x7F800000U; }

/// Orders like the float, as an unsigned number; -0 counts as 0. Above 0 for everything but NaN.
IEXP_DEVICE std::uint32_t ordered_bits(float value) {
  const std::uint32_t bits = bits_of(value + 0.F);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}
IEXP_DEVICE float from_ordered_bits(std::uint32_t ordered) {
  return float_of((ordered >> 31) != 0 ? ordered & 0x7FFFFFFFU : ~ordered);
}

/// Sorts by falling value, equal values by rising index.
IEXP_DEVICE std::uint64_t rank_key(float value, std::uint32_t index) {
  return static_cast<std::uint64_t>(~ordered_bits(value)) << 32 | index;
}

/// IEEE 754 binary16, rounded to nearest, ties to even: runtime/tensor_cast to the bit.
IEXP_DEVICE std::uint16_t to_half(float value) {
  const std::uint32_t sign = (bits_of(value) >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits_of(value) & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
  } else if (magnitude >= 0x47800000U) {  // 65536 and above
    half = 0x7C00U;
  } else if (magnitude < 0x38800000U) {  // below the smallest normal number; the sum's last place is a half's
    half = bits_of(float_of(magnitude) + 0.5F) - bits_of(0.5F);
  } else {
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    half = (magnitude - (112U << 23) + 0xFFFU + odd) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

IEXP_DEVICE float from_half(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t magnitude = bits & 0x7FFFU;
  if (magnitude >= 0x7C00U) return float_of(sign | 0x7F800000U | magnitude << 13);
  if (magnitude >= 0x400U) return float_of(sign | ((magnitude << 13) + (112U << 23)));
  const float value = static_cast<float>(magnitude) * 5.9604644775390625e-8F;  // 2^-24
  return sign != 0 ? -value : value;
}

/// Values of a network: f32, or f16 where `half` is set.
struct Elements {
  const void* values = nullptr;
  bool half = false;

  [[nodiscard]] IEXP_DEVICE float at(std::size_t index) const {
    return half ? from_half(static_cast<const std::uint16_t*>(values)[index])
                : static_cast<const float*>(values)[index];
  }
};

#if defined(__CUDACC__)

/// Returns the value before.
IEXP_DEVICE std::uint32_t atomic_add(std::uint32_t* counter, std::uint32_t value) { return atomicAdd(counter, value); }
IEXP_DEVICE void atomic_maximum(std::uint32_t* value, std::uint32_t candidate) { atomicMax(value, candidate); }

/// The threads of a one-dimensional block.
struct Block {
  template <typename Visit>
  __device__ void for_each(std::uint32_t count, Visit visit) const {
    for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) visit(i);
    __syncthreads();
  }
  template <typename Action>
  __device__ void once(Action action) const {
    if (threadIdx.x == 0) action();
    __syncthreads();
  }
};

#else

// On the CPU one thread runs a launch from its first thread to its last.
inline std::uint32_t atomic_add(std::uint32_t* counter, std::uint32_t value) {
  const std::uint32_t before = *counter;
  *counter += value;
  return before;
}
inline void atomic_maximum(std::uint32_t* value, std::uint32_t candidate) {
  if (*value < candidate) *value = candidate;
}

struct Block {
  template <typename Visit>
  void for_each(std::uint32_t count, Visit visit) const {
    for (std::uint32_t i = 0; i < count; ++i) visit(i);
  }
  template <typename Action>
  void once(Action action) const {
    action();
  }
};

#endif

}  // namespace inference_exp::vision::gpu
