// Character references of HTML, as browsers and Python's html.unescape() read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace inference_exp::text {

/// Every reference replaced once, from left to right; those that HTML does not know stay as they are.
[[nodiscard]] std::u32string unescape_html(std::u32string_view text);

/// What the name of a reference stands for, given without "&" and ";": "eacute".
[[nodiscard]] std::optional<std::u32string> find_entity(std::string_view name);

/// What a reference by number stands for: nothing for characters that HTML leaves out.
[[nodiscard]] std::u32string numbered_character(char32_t number);

}  // namespace inference_exp::text
