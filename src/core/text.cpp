#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace inference_exp {

namespace {

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// What the first byte of a UTF-8 character says about it: its length, and the range its second byte must lie in
/// (which is what forbids overlong forms, surrogates and code points above U+10FFFF). Length 0: not a first byte.
struct Utf8Lead {
  std::size_t length;
  unsigned char second_low = 0x80;
  unsigned char second_high = 0xBF;
};

Utf8Lead utf8_lead(unsigned char c) noexcept {
  if (c == 0) return {0};
  if (c < 0x80) return {1};
  if (c < 0xC2) return {0};
  if (c < 0xE0) return {2};
  if (c == 0xE0) return {3, 0xA0, 0xBF};
  if (c == 0xED) return {3, 0x80, 0x9F};
  if (c < 0xF0) return {3};
  if (c == 0xF0) return {4, 0x90, 0xBF};
  if (c < 0xF4) return {4};
  if (c == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view shorten(std::string_view text, std::size_t length) noexcept {
  if (text.size() <= length) return text;
  while (length > 0 && is_continuation(text[length])) --length;
  return text.substr(0, length);
}

std::optional<std::int32_t> parse_decimal(std::string_view text) noexcept {
  if (text.empty() || text.front() == '-') return std::nullopt;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_utf8_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const Utf8Lead lead = utf8_lead(static_cast<unsigned char>(text.front()));
    if (lead.length == 0 || lead.length > text.size()) return false;
    if (lead.length > 1) {
      const auto second = static_cast<unsigned char>(text[1]);
      if (second < lead.second_low || second > lead.second_high) return false;
      const std::string_view rest = text.substr(2, lead.length - 2);
      if (!std::all_of(rest.begin(), rest.end(), is_continuation)) return false;
    }
    text.remove_prefix(lead.length);
  }
  return true;
}

}  // namespace inference_exp
