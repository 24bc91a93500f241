#include <cstddef>
#include <string>
#include <string_view>

#include "inference_exp/errors.hpp"
#include "text/code_points.hpp"
#include "text/html_unescape.hpp"
#include "text/lower.hpp"
#include "text/repair.hpp"
#include "text/tokenizer.hpp"

namespace inference_exp::text {

namespace {

/// Words with one blank between them.
std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool pending = false;
  for (const char32_t character : text) {
    if (is_space(character)) {
      pending = !out.empty();
      continue;
    }
    if (pending) out += U' ';
    pending = false;
    out += character;
  }
  return out;
}

}  // namespace

std::string clean(std::string_view text) {
  if (text.size() > kMaxTextSize) {
    throw ModelInputError("The text is " + std::to_string(text.size()) + " bytes long; " +
                              std::to_string(kMaxTextSize) + " bytes are the most.",
                          "Give a short description of what to look for: the network reads a few dozen words.");
  }
  // Twice: entities are often escaped twice.
  return encode_utf8(lower(collapse_spaces(unescape_html(unescape_html(repair(decode_utf8(text)))))));
}

}  // namespace inference_exp::text
