// Small helpers over text that came from a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inference_exp {

/// Without ASCII blanks and line ends at either side.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// With ASCII letters in lower case, whatever the locale.
[[nodiscard]] std::string lower_case(std::string_view text);

/// At most `length` bytes of valid UTF-8 `text`, cut between characters.
[[nodiscard]] std::string_view shorten(std::string_view text, std::size_t length) noexcept;

/// The number that `text` spells in decimal digits and nothing else; nothing when it does not or does not fit.
[[nodiscard]] std::optional<std::int32_t> parse_decimal(std::string_view text) noexcept;

/// Whether `text` is well-formed UTF-8 without NUL characters (a sign of UTF-16 or of a binary file).
[[nodiscard]] bool is_utf8_text(std::string_view text) noexcept;

}  // namespace inference_exp
