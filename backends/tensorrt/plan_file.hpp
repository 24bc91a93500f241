// Reading engine files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace inference_exp::tensorrt {

/// No engine is larger: what is, is no engine, and is not read.
inline constexpr std::size_t kMaxPlanBytes = std::size_t{16} << 30;

/// The whole file. Throws IEXP_ERROR_INVALID_PARAMETER when none is named, and IEXP_ERROR_CORRUPTED_PACKAGE, naming the
/// file, when it is missing, not a regular file, empty, too large or unreadable.
[[nodiscard]] std::vector<std::byte> read_plan(const char* file, std::size_t max_bytes = kMaxPlanBytes);

}  // namespace inference_exp::tensorrt
