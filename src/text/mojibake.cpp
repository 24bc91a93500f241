#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "text/code_points.hpp"
#include "text/repair.hpp"
#include "text/windows_1252.hpp"

namespace inference_exp::text {

namespace {

/// The byte beyond ASCII that `character` was, or nothing.
std::optional<std::uint8_t> byte_of(char32_t character) noexcept {
  if (character >= 0x80 && character <= 0xFF) return static_cast<std::uint8_t>(character);
  return character < 0x80 ? std::nullopt : to_windows_1252(character);
}

bool starts_sequence(std::uint8_t first, std::optional<std::uint8_t> second) noexcept {
  const bool continues = second && *second >= 0x80 && *second <= 0xBF;
  // Latin-1's upper half, punctuation of U+2000 and following, emoji.
  if (first == 0xC2 || first == 0xC3) return continues;
  return (first == 0xE2 && second == 0x80) || (first == 0xF0 && second == 0x9F);
}

/// "Ã" or "Â" before a symbol, "â€", "ðŸ": what UTF-8 looks like in these encodings, and text does not.
bool looks_like_bytes(std::u32string_view text) noexcept {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const std::optional<std::uint8_t> first = byte_of(text[i]);
    if (first && starts_sequence(*first, byte_of(text[i + 1]))) return true;
  }
  return false;
}

template <typename ToByte>
std::optional<std::string> to_bytes(std::u32string_view text, ToByte to_byte) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t character : text) {
    const std::optional<std::uint8_t> byte = to_byte(character);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return is_utf8_text(bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

std::optional<std::uint8_t> to_latin_1(char32_t character) noexcept {
  return character <= 0xFF ? std::optional(static_cast<std::uint8_t>(character)) : std::nullopt;
}

}  // namespace

std::u32string undo_mojibake(std::u32string_view text) {
  std::u32string out(text);
  while (looks_like_bytes(out)) {
    std::optional<std::string> bytes = to_bytes(out, to_latin_1);
    if (!bytes) bytes = to_bytes(out, to_windows_1252);
    if (!bytes) break;
    out = decode_utf8(*bytes);  // shorter: this ends
  }
  return out;
}

}  // namespace inference_exp::text
