// CLIP's byte-pair tokenizer (torch_models.md, "Tokenizer"; models.md, section 4.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.hpp"

namespace inference_exp::text {

/// No text is larger than this, in bytes: networks read a few dozen words, and whoever sends more sends something else.
inline constexpr std::size_t kMaxTextSize = std::size_t{64} << 10;

/// What a text longer than the network's context does.
enum class Overflow : std::uint8_t { refuse, truncate };

/// Which tokenizer a family trained with: they differ in the strings of the special tokens.
enum class SpecialTokens : std::uint8_t { clip, perception_encoder };

class Tokenizer {
 public:
  Tokenizer(std::shared_ptr<const Vocabulary> vocabulary, SpecialTokens special_tokens);

  /// Cleans `text` (repair, HTML entities, white space, lower case) and encodes it: start, pairs, end, zeros up to
  /// `context` ids. Too long: with `refuse` ModelInputError that says how many tokens there are and how many fit; with
  /// `truncate` the last id becomes the end token. `context` is 2 at least. Bytes that are not UTF-8 become U+FFFD.
  /// Thread-safe.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text, std::size_t context, Overflow overflow) const;

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  SpecialTokens special_tokens_;
};

/// The cleaning alone: what the byte pairs are made of. Throws ModelInputError for more than kMaxTextSize bytes.
[[nodiscard]] std::string clean(std::string_view text);

}  // namespace inference_exp::text
