// Text as code points: what cleaning and splitting walk over.
#pragma once

#include <string>
#include <string_view>

namespace inference_exp::text {

/// What stands for bytes that are not UTF-8.
inline constexpr char32_t kReplacement = 0xFFFD;

/// Malformed sequences become U+FFFD, one for each longest piece that could have begun a character, as Python and the
/// Unicode standard do it.
[[nodiscard]] std::u32string decode_utf8(std::string_view text);

/// Appends one character. Surrogates and numbers beyond Unicode must not come here.
void append_utf8(char32_t character, std::string& out);
[[nodiscard]] std::string encode_utf8(std::u32string_view text);

/// White space as Python's str.isspace() and the regular expression \s mean it.
[[nodiscard]] bool is_space(char32_t character) noexcept;
/// General category L.
[[nodiscard]] bool is_letter(char32_t character) noexcept;
/// General category N.
[[nodiscard]] bool is_number(char32_t character) noexcept;

/// Unicode's composed form.
[[nodiscard]] std::u32string compose(std::u32string_view text);
/// The compatibility form of one character.
[[nodiscard]] std::u32string compatibility_form(char32_t character);

}  // namespace inference_exp::text
