// Lower case of every script.
#pragma once

#include <string>
#include <string_view>

namespace inference_exp::text {

/// As Python's str.lower(): a capital sigma that ends a word becomes the final sigma, and a dotted capital I keeps its
/// dot as a combining mark. Whatever the locale.
[[nodiscard]] std::u32string lower(std::u32string_view text);

}  // namespace inference_exp::text
