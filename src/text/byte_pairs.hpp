// The second step of the byte-pair encoding: one word into ids.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.hpp"

namespace inference_exp::text {

/// Appends the ids of `word`, which is not empty. The pair with the lowest id is merged first, wherever it stands, from
/// left to right, until no pair is in the vocabulary. Takes n log n steps for n bytes.
void append_byte_pairs(std::string_view word, const Vocabulary& vocabulary, std::vector<std::int32_t>& ids);

}  // namespace inference_exp::text
