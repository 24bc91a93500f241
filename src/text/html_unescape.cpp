#include "text/html_unescape.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "text/code_points.hpp"
#include "text/windows_1252.hpp"

namespace inference_exp::text {

namespace {

struct Entity {
  std::string_view name;
  char32_t first;
  char32_t second;  // 0: there is none
  bool bare;        // counts without its semicolon too
};

constexpr auto kEntities = std::to_array<Entity>({
#include "text/html_entities.inc"
});
static_assert(std::ranges::is_sorted(kEntities, {}, &Entity::name));

constexpr std::size_t kLongestName = 32;
constexpr char32_t kLastCharacter = 0x10FFFF;
constexpr char32_t kTooLarge = kLastCharacter + 1;

const Entity* look_up(std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(kEntities, name, {}, &Entity::name);
  return found != kEntities.end() && found->name == name ? &*found : nullptr;
}

void append(const Entity& entity, std::u32string& out) {
  out += entity.first;
  if (entity.second != 0) out += entity.second;
}

/// -1: not a digit of that base.
int digit_value(char32_t character, int base) noexcept {
  int value = -1;
  if (character >= '0' && character <= '9') value = static_cast<int>(character - '0');
  if (character >= 'a' && character <= 'f') value = static_cast<int>(character - 'a') + 10;
  if (character >= 'A' && character <= 'F') value = static_cast<int>(character - 'A') + 10;
  return value < base ? value : -1;
}

/// Reads what follows "&#". Returns how many characters it took; 0 when it is no number.
std::size_t take_number(std::u32string_view rest, std::u32string& out) {
  std::size_t at = 0;
  const bool hexadecimal = !rest.empty() && (rest[0] == 'x' || rest[0] == 'X');
  if (hexadecimal) ++at;
  const int base = hexadecimal ? 16 : 10;
  const std::size_t first_digit = at;
  char32_t number = 0;
  for (; at < rest.size() && digit_value(rest[at], base) >= 0; ++at) {
    const char32_t next = number * static_cast<char32_t>(base) + static_cast<char32_t>(digit_value(rest[at], base));
    number = std::min(next, kTooLarge);
  }
  if (at == first_digit) return 0;
  if (at < rest.size() && rest[at] == ';') ++at;
  out += numbered_character(number);
  return at;
}

bool ends_name(char32_t character) noexcept {
  return character == '\t' || character == '\n' || character == '\f' || character == ' ' || character == '<' ||
         character == '&' || character == '#' || character == ';';
}

/// Reads what follows "&". Returns how many characters it took; 0 when no name begins there.
std::size_t take_name(std::u32string_view rest, std::u32string& out) {
  std::string name;  // the ASCII beginning: no name has other letters
  std::size_t length = 0;
  for (; length < rest.size() && length < kLongestName && !ends_name(rest[length]); ++length) {
    if (name.size() == length && rest[length] < 0x80) name += static_cast<char>(rest[length]);
  }
  const bool whole = name.size() == length && length < rest.size() && rest[length] == ';';
  if (whole) {
    if (const Entity* entity = look_up(name)) {
      append(*entity, out);
      return length + 1;
    }
  }
  for (; name.size() >= 2; name.pop_back()) {
    const Entity* entity = look_up(name);
    if (entity == nullptr || !entity->bare) continue;
    append(*entity, out);
    return name.size();
  }
  return 0;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find(U'&'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    text.remove_prefix(1);
    const bool numbered = text.starts_with(U'#');
    const std::size_t taken = numbered ? take_number(text.substr(1), out) : take_name(text, out);
    if (taken == 0) out += U'&';
    text.remove_prefix(taken == 0 ? 0 : taken + (numbered ? 1 : 0));
  }
  return out;
}

std::optional<std::u32string> find_entity(std::string_view name) {
  const Entity* entity = look_up(name);
  if (entity == nullptr) return std::nullopt;
  std::u32string out;
  append(*entity, out);
  return out;
}

std::u32string numbered_character(char32_t number) {
  if (number == 0 || number > kLastCharacter || (number >= 0xD800 && number <= 0xDFFF)) return {kReplacement};
  if (number == '\r') return U"\r";
  if (number >= 0x80 && number <= 0x9F) return {from_windows_1252(static_cast<std::uint8_t>(number))};
  const bool control = number < 9 || number == 0xB || (number >= 0xE && number <= 0x1F) || number == 0x7F;
  const bool unassignable = (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFEU) == 0xFFFE;
  if (control || unassignable) return {};
  return {number};
}

}  // namespace inference_exp::text
