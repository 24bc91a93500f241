#include "text/repair.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "text/code_points.hpp"
#include "text/html_unescape.hpp"
#include "text/windows_1252.hpp"

namespace inference_exp::text {

namespace {

/// Entities within entities come apart one layer a round; no honest text has more layers.
constexpr int kMostRounds = 16;
constexpr std::size_t kLongestReference = 24;

bool is_digit(char32_t character) noexcept { return character >= '0' && character <= '9'; }
bool is_ascii_letter(char32_t character) noexcept {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

std::u32string upper(std::u32string_view text) {
  std::u32string out;
  for (const char32_t character : text) {
    if (character == 0xDF) {
      out += U"SS";
    } else {
      out += static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(character)));
    }
  }
  return out;
}

/// What "&EACUTE;" means to ftfy: a small letter's name in capitals is the capital letter, unless HTML reads it.
std::optional<std::u32string> find_shouted_entity(std::u32string_view reference, std::string name) {
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') return std::nullopt;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::optional<std::u32string> found = find_entity(name);
  if (!found || unescape_html(reference) != reference) return std::nullopt;
  return upper(*found);
}

struct Reference {
  std::size_t length = 0;  // 0: there is none
  std::u32string meaning;
};

/// The reference that `text`, whose first character is "&", begins with.
Reference read_reference(std::u32string_view text) {
  const bool numbered = text.substr(1).starts_with(U'#');
  std::size_t end = numbered ? 2 : 1;
  std::string name;
  while (end < text.size() && (is_digit(text[end]) || is_ascii_letter(text[end])) && name.size() <= kLongestReference) {
    name += static_cast<char>(text[end++]);
  }
  if (name.empty() || name.size() > kLongestReference || end == text.size() || text[end] != ';') return {};
  const std::u32string_view reference = text.substr(0, end + 1);
  if (numbered) {
    std::u32string made = unescape_html(reference);
    return made.find(U';') == std::u32string::npos ? Reference{reference.size(), std::move(made)} : Reference{};
  }
  std::optional<std::u32string> found = find_entity(name);
  if (!found) found = find_shouted_entity(reference, std::move(name));
  return found ? Reference{reference.size(), std::move(*found)} : Reference{};
}

/// Only references that are complete, unlike unescape_html().
std::u32string unescape_references(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Reference reference = text.front() == '&' ? read_reference(text) : Reference{};
    if (reference.length == 0) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += reference.meaning;
      text.remove_prefix(reference.length);
    }
  }
  return out;
}

/// The letters that a ligature or digraph is printed for; nothing for other characters.
std::u32string_view ligature_letters(char32_t character) noexcept {
  struct Ligature {
    char32_t character;
    std::u32string_view letters;
  };
  static constexpr auto kLigatures = std::to_array<Ligature>({
      {0x132, U"IJ"},       {0x133, U"ij"},  {0x149, U"\u02BCn"}, {0x1C4, U"D\u017D"}, {0x1C5, U"D\u017E"},
      {0x1C6, U"d\u017E"},  {0x1C7, U"LJ"},  {0x1C8, U"Lj"},      {0x1C9, U"lj"},      {0x1CA, U"NJ"},
      {0x1CB, U"Nj"},       {0x1CC, U"nj"},  {0x1F1, U"DZ"},      {0x1F2, U"Dz"},      {0x1F3, U"dz"},
      {0xFB00, U"ff"},      {0xFB01, U"fi"}, {0xFB02, U"fl"},     {0xFB03, U"ffi"},    {0xFB04, U"ffl"},
      {0xFB05, U"\u017Ft"}, {0xFB06, U"st"},
  });
  const auto found = std::ranges::lower_bound(kLigatures, character, {}, &Ligature::character);
  return found != kLigatures.end() && found->character == character ? found->letters : std::u32string_view();
}

char32_t straight_quote(char32_t character) noexcept {
  if (character == 0x2BC || (character >= 0x2018 && character <= 0x201B)) return '\'';
  return character >= 0x201C && character <= 0x201F ? U'"' : character;
}

bool is_line_end(char32_t character) noexcept {
  return character == '\r' || character == 0x85 || character == 0x2028 || character == 0x2029;
}

bool is_unwanted(char32_t character) noexcept {
  const auto within = [character](char32_t first, char32_t last) { return character >= first && character <= last; };
  return within(0, 8) || character == 0xB || within(0xE, 0x1F) || character == 0x7F || within(0x206A, 0x206F) ||
         character == 0xFEFF || within(0xFFF9, 0xFFFC);
}

/// Ligatures, then widths: a character is one of them at most.
void append_plain_forms(char32_t character, std::u32string& out) {
  if (const std::u32string_view letters = ligature_letters(character); !letters.empty()) {
    out += letters;
  } else if (character == 0x3000) {
    out += U' ';
  } else if (character >= 0xFF01 && character < 0xFFF0) {
    out += compatibility_form(character);
  } else {
    out += character;
  }
}

/// What can be said of each character alone, in ftfy's order.
std::u32string replace_characters(std::u32string_view text) {
  std::u32string plain;
  plain.reserve(text.size());
  for (const char32_t character : text) {
    const bool windows = character >= 0x80 && character <= 0x9F;
    append_plain_forms(windows ? from_windows_1252(static_cast<std::uint8_t>(character)) : character, plain);
  }
  std::u32string out;
  out.reserve(plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char32_t character = straight_quote(plain[i]);
    if (character == '\r' && i + 1 < plain.size() && plain[i + 1] == '\n') continue;
    out += is_line_end(character) ? U'\n' : character;
  }
  return out;
}

/// How long the colour or cursor command of a terminal is that `text` begins with; 0: it begins with something else.
std::size_t terminal_command(std::u32string_view text) noexcept {
  if (!text.starts_with(U"\x1B[")) return 0;
  std::size_t end = 2;
  while (end < text.size() && (is_digit(text[end]) || text[end] == ';')) ++end;
  return end < text.size() && is_ascii_letter(text[end]) ? end + 1 : 0;
}

std::u32string remove_controls(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t command = terminal_command(text);
    if (command == 0 && !is_unwanted(text.front())) out += text.front();
    text.remove_prefix(std::max<std::size_t>(command, 1));
  }
  return out;
}

std::u32string repair_line(std::u32string line, bool entities) {
  for (int round = 0; round < kMostRounds; ++round) {
    std::u32string before = line;
    if (entities) line = unescape_references(line);
    line = compose(remove_controls(replace_characters(undo_mojibake(line))));
    if (line == before) break;
  }
  return line;
}

}  // namespace

std::u32string repair(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool entities = true;  // until there is something like a tag
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(U'\n'), text.size() - 1) + 1;
    const std::u32string_view line = text.substr(0, length);
    entities = entities && line.find(U'<') == std::u32string_view::npos;
    out += repair_line(std::u32string(line), entities);
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace inference_exp::text
