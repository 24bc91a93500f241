#include "text/code_points.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace inference_exp::text {

namespace {

struct Lead {
  std::size_t following;
  std::uint8_t lowest;  // of the second byte: rules out overlong forms, surrogates and what is beyond Unicode
  std::uint8_t highest;
};

constexpr Lead read_lead(std::uint8_t byte) noexcept {
  if (byte >= 0xC2 && byte <= 0xDF) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

/// The character that starts with a byte beyond ASCII; takes from `rest` what it is made of.
char32_t take_long_character(std::string_view& rest) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(rest[at]); };
  const Lead lead = read_lead(byte(0));
  if (lead.following == 0) {
    rest.remove_prefix(1);
    return kReplacement;
  }
  char32_t character = byte(0) & (0x3FU >> lead.following);
  std::size_t taken = 1;
  for (; taken <= lead.following; ++taken) {
    const std::uint8_t lowest = taken == 1 ? lead.lowest : 0x80;
    const std::uint8_t highest = taken == 1 ? lead.highest : 0xBF;
    if (taken == rest.size() || byte(taken) < lowest || byte(taken) > highest) {
      character = kReplacement;
      break;
    }
    character = (character << 6U) | (byte(taken) & 0x3FU);
  }
  rest.remove_prefix(taken);
  return character;
}

utf8proc_category_t category(char32_t character) noexcept {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

using Buffer = std::vector<utf8proc_int32_t>;

void append_decomposed(char32_t character, unsigned options, Buffer& out) {
  std::array<utf8proc_int32_t, 32> parts{};  // 18 is the longest there is
  int unused = UTF8PROC_BOUNDCLASS_START;
  const utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(character), parts.data(),
                                                         static_cast<utf8proc_ssize_t>(parts.size()),
                                                         static_cast<utf8proc_option_t>(options), &unused);
  const std::ptrdiff_t known = std::clamp<std::ptrdiff_t>(count, 0, std::ssize(parts));
  out.insert(out.end(), parts.begin(), parts.begin() + known);
}

utf8proc_propval_t combining_class(utf8proc_int32_t character) noexcept {
  return utf8proc_get_property(character)->combining_class;
}

/// Marks in Unicode's order. utf8proc would do it too, in a time that grows with the square of their number.
void sort_marks(Buffer& text) {
  const auto is_mark = [](utf8proc_int32_t character) { return combining_class(character) != 0; };
  for (auto first = std::ranges::find_if(text, is_mark); first != text.end();) {
    const auto last = std::find_if_not(first, text.end(), is_mark);
    std::ranges::stable_sort(first, last, {}, combining_class);
    first = std::find_if(last, text.end(), is_mark);
  }
}

std::u32string normalized(std::u32string_view text, unsigned options) {
  Buffer buffer;
  buffer.reserve(text.size());
  for (const char32_t character : text) append_decomposed(character, options | UTF8PROC_DECOMPOSE, buffer);
  sort_marks(buffer);
  const utf8proc_ssize_t length =
      utf8proc_normalize_utf32(buffer.data(), std::ssize(buffer), static_cast<utf8proc_option_t>(options));
  return {buffer.begin(), buffer.begin() + std::max<utf8proc_ssize_t>(length, 0)};
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto first = static_cast<std::uint8_t>(text.front());
    if (first < 0x80) {
      out += first;
      text.remove_prefix(1);
    } else {
      out += take_long_character(text);
    }
  }
  return out;
}

void append_utf8(char32_t character, std::string& out) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((character >> shift) & 0x3FU)); };
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += static_cast<char>(0xC0U | (character >> 6U));
    tail(0);
  } else if (character < 0x10000) {
    out += static_cast<char>(0xE0U | (character >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (character >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t character : text) append_utf8(character, out);
  return out;
}

bool is_space(char32_t character) noexcept {
  if (character < 0x80) return character == ' ' || (character >= 9 && character <= 13);
  return character == 0x85 || character == 0xA0 || character == 0x1680 ||
         (character >= 0x2000 && character <= 0x200A) || character == 0x2028 || character == 0x2029 ||
         character == 0x202F || character == 0x205F || character == 0x3000;
}

bool is_letter(char32_t character) noexcept {
  const utf8proc_category_t found = category(character);
  return found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_LO;
}

bool is_number(char32_t character) noexcept {
  const utf8proc_category_t found = category(character);
  return found >= UTF8PROC_CATEGORY_ND && found <= UTF8PROC_CATEGORY_NO;
}

std::u32string compose(std::u32string_view text) {
  constexpr char32_t kFirstThatCouldChange = 0x300;
  if (std::ranges::all_of(text, [](char32_t character) { return character < kFirstThatCouldChange; })) {
    return std::u32string(text);
  }
  return normalized(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::u32string compatibility_form(char32_t character) {
  return normalized({&character, 1}, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}

}  // namespace inference_exp::text
