// Unpacking of gzip files.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace inference_exp::text {

/// Whether `bytes` begin as gzip files do.
[[nodiscard]] bool is_gzip(std::string_view bytes) noexcept;

/// The content of a gzip file of one member; nothing when it is damaged, cut short, followed by anything else, or
/// larger than `max_size` bytes unpacked.
[[nodiscard]] std::optional<std::string> unpack_gzip(std::string_view bytes, std::size_t max_size);

}  // namespace inference_exp::text
