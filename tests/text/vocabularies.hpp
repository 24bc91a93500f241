// Vocabularies to test with, where CLIP's own is not at hand.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "text/code_points.hpp"
#include "text/vocabulary.hpp"

namespace inference_exp::text::testing {

/// How the file writes each byte.
inline std::vector<std::string> byte_symbols() {
  std::vector<std::string> symbols(256);
  char32_t unprintable = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    append_utf8(prints ? byte : unprintable++, symbols[byte]);
  }
  return symbols;
}

/// As many merges as CLIP has, at random, of symbols that came before, up to eight bytes long. Merges of lower-case
/// letters, blanks excepted, come far more often than others, as they do in text.
inline std::string random_vocabulary(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<std::string, std::size_t>> symbols;
  std::vector<std::pair<std::string, std::size_t>> common;
  for (const std::string& symbol : byte_symbols()) symbols.emplace_back(symbol, 1);
  for (char letter = 'a'; letter <= 'h'; ++letter) common.emplace_back(std::string(1, letter), 1);
  std::unordered_set<std::string> known;
  std::string text = "\"random#version: 0.2\n";
  for (std::size_t made = 0; made < kMergeCount;) {
    auto& pool = random() % 4 == 0 ? symbols : common;
    const auto& [left, left_size] = pool[random() % pool.size()];
    const auto& [right, right_size] = pool[random() % pool.size()];
    const bool right_ends = right_size == 1 || known.contains(right + "</w>");
    const std::string end = right_ends && random() % 4 == 0 ? "</w>" : "";
    if (left_size + right_size > 8 || !known.insert(left + right + end).second) continue;
    text.append(left).append(" ").append(right).append(end).append("\n");
    const std::string merged = left + right;
    const std::size_t size = left_size + right_size;
    if (end.empty()) pool.emplace_back(merged, size);
    ++made;
  }
  return text;
}

}  // namespace inference_exp::text::testing
