#include "models/text_input.hpp"

#include "text/tokenizer.hpp"

namespace inference_exp::models {

std::vector<std::int32_t> encode_text(std::string_view text, std::size_t context, TextRules rules,
                                      const VocabularySource& vocabulary) {
  const bool is_clip = rules == TextRules::clip;
  const text::Tokenizer tokenizer(vocabulary(),
                                  is_clip ? text::SpecialTokens::clip : text::SpecialTokens::perception_encoder);
  return tokenizer.encode(text, context, is_clip ? text::Overflow::refuse : text::Overflow::truncate);
}

}  // namespace inference_exp::models
