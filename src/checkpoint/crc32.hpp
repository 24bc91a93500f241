// The CRC-32 of zip archives (polynomial 0xEDB88320).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace inference_exp::checkpoint {

/// Eight bytes a step.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes) noexcept;
/// The plain twin: one byte a step.
[[nodiscard]] std::uint32_t crc32_reference(std::span<const std::byte> bytes) noexcept;

}  // namespace inference_exp::checkpoint
