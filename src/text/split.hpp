// The first step of the byte-pair encoding: clean text into words that are encoded apart.
#pragma once

#include <string_view>

#include "core/function_ref.hpp"
#include "text/tokenizer.hpp"

namespace inference_exp::text {

/// How one family spells the beginning and the end of a text.
struct Markers {
  std::u32string_view start;
  std::u32string_view end;
};
[[nodiscard]] Markers markers_of(SpecialTokens special_tokens) noexcept;

/// Hands `visit` one word after another: a marker, an English contraction ('s, 've, ...), a run of letters, a digit, or
/// a run of other characters. Blanks part words. Stops when `visit` returns false.
void split_words(std::u32string_view text, const Markers& markers, FunctionRef<bool(std::u32string_view)> visit);

}  // namespace inference_exp::text
