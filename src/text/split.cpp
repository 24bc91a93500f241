#include "text/split.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "text/code_points.hpp"

namespace inference_exp::text {

namespace {

constexpr char32_t kLongS = 0x17F;

/// Whether `text` begins with `wanted`, which is in lower case, whatever the case. A long s is an s to this.
bool begins_with(std::u32string_view text, std::u32string_view wanted) noexcept {
  const auto folded = [](char32_t character) -> char32_t {
    if (character >= 'A' && character <= 'Z') return character - 'A' + 'a';
    return character == kLongS ? U's' : character;
  };
  return text.size() >= wanted.size() && std::ranges::equal(text.substr(0, wanted.size()), wanted, {}, folded);
}

template <typename Predicate>
std::size_t run_length(std::u32string_view text, Predicate belongs) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, belongs) - text.begin());
}

bool is_other(char32_t character) noexcept {
  return !is_space(character) && !is_letter(character) && !is_number(character);
}

/// How long the word is that `text` begins with; `text` is not empty and begins with no blank.
std::size_t word_length(std::u32string_view text, const Markers& markers) {
  static constexpr std::array<std::u32string_view, 7> kContractions = {U"'s", U"'t",  U"'re", U"'ve",
                                                                       U"'m", U"'ll", U"'d"};
  for (const std::u32string_view marker : {markers.start, markers.end}) {
    if (begins_with(text, marker)) return marker.size();
  }
  for (const std::u32string_view contraction : kContractions) {
    if (begins_with(text, contraction)) return contraction.size();
  }
  if (is_letter(text.front())) return run_length(text, is_letter);
  return is_number(text.front()) ? 1 : run_length(text, is_other);
}

}  // namespace

Markers markers_of(SpecialTokens special_tokens) noexcept {
  if (special_tokens == SpecialTokens::clip) return {U"<|startoftext|>", U"<|endoftext|>"};
  return {U"<start_of_text>", U"<end_of_text>"};
}

void split_words(std::u32string_view text, const Markers& markers, FunctionRef<bool(std::u32string_view)> visit) {
  while (true) {
    text.remove_prefix(run_length(text, is_space));
    if (text.empty()) return;
    const std::size_t length = word_length(text, markers);
    if (!visit(text.substr(0, length))) return;
    text.remove_prefix(length);
  }
}

}  // namespace inference_exp::text
