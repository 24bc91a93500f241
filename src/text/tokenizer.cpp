#include "text/tokenizer.hpp"

#include <string>
#include <utility>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "text/byte_pairs.hpp"
#include "text/code_points.hpp"
#include "text/split.hpp"

namespace inference_exp::text {

namespace {

[[noreturn]] void refuse(std::string_view cleaned, std::size_t tokens, std::size_t context) {
  constexpr std::size_t kShown = 60;
  const std::string_view shown = shorten(cleaned, kShown);
  throw ModelInputError("The text \"" + std::string(shown) + (shown.size() < cleaned.size() ? "..." : "") +
                            "\" is too long: it makes " + std::to_string(tokens) +
                            " tokens, start and end included, and " + std::to_string(context) +
                            " fit into the network's context.",
                        "Shorten the text.");
}

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Vocabulary> vocabulary, SpecialTokens special_tokens)
    : vocabulary_(std::move(vocabulary)), special_tokens_(special_tokens) {}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, std::size_t context, Overflow overflow) const {
  const std::string cleaned = clean(text);
  const Markers markers = markers_of(special_tokens_);
  std::vector<std::int32_t> ids = {kStartOfText};
  split_words(decode_utf8(cleaned), markers, [&](std::u32string_view word) {
    if (word == markers.start) {
      ids.push_back(kStartOfText);
    } else if (word == markers.end) {
      ids.push_back(kEndOfText);
    } else {
      append_byte_pairs(encode_utf8(word), *vocabulary_, ids);
    }
    // Who truncates need not know how much there would be; who refuses says it.
    return overflow == Overflow::refuse || ids.size() < context;
  });
  ids.push_back(kEndOfText);
  if (ids.size() > context) {
    if (overflow == Overflow::refuse) refuse(cleaned, ids.size(), context);
    ids[context - 1] = kEndOfText;
  }
  ids.resize(context, 0);
  return ids;
}

}  // namespace inference_exp::text
