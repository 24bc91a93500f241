#include "text/lower.hpp"

#include <utf8proc.h>

#include <cstddef>
#include <string_view>

namespace inference_exp::text {

namespace {

constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kSigma = 0x3C3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kCapitalDottedI = 0x130;
constexpr char32_t kCombiningDot = 0x307;

utf8proc_category_t general_category(char32_t character) noexcept {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

/// Unicode's Case_Ignorable: marks, modifiers, and the punctuation that stands inside words.
bool is_skipped(char32_t character) noexcept {
  constexpr std::u32string_view kInsideWords =
      U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";
  switch (general_category(character)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return kInsideWords.find(character) != std::u32string_view::npos;
  }
}

/// Unicode's Cased, without what is_skipped() takes first.
bool is_cased(char32_t character) noexcept {
  const auto within = [character](char32_t first, char32_t last) { return character >= first && character <= last; };
  const utf8proc_category_t found = general_category(character);
  if (found == UTF8PROC_CATEGORY_LU || found == UTF8PROC_CATEGORY_LL || found == UTF8PROC_CATEGORY_LT) return true;
  const bool ordinal = character == 0xAA || character == 0xBA;
  const bool roman_or_circled = within(0x2160, 0x217F) || within(0x24B6, 0x24E9);
  const bool squared = within(0x1F130, 0x1F149) || within(0x1F150, 0x1F169) || within(0x1F170, 0x1F189);
  return ordinal || roman_or_circled || squared;
}

bool ends_word(std::u32string_view text, std::size_t at) noexcept {
  std::size_t before = at;
  while (before > 0 && is_skipped(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  std::size_t after = at + 1;
  while (after < text.size() && is_skipped(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

}  // namespace

std::u32string lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == kCapitalSigma) {
      out += ends_word(text, i) ? kFinalSigma : kSigma;
    } else if (text[i] == kCapitalDottedI) {
      out += {U'i', kCombiningDot};
    } else {
      out += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(text[i])));
    }
  }
  return out;
}

}  // namespace inference_exp::text
