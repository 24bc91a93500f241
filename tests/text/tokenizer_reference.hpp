// The byte-pair encoding once more, as slowly and plainly as it can be written: strings, maps, one merge a pass. What
// the fast one is compared with. Cleaning is not repeated here.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/code_points.hpp"
#include "text/vocabularies.hpp"

namespace inference_exp::text::testing {

class TokenizerReference {
 public:
  /// From the unpacked text of a vocabulary.
  explicit TokenizerReference(const std::string& vocabulary) : symbols_(byte_symbols()) {
    const auto prints = [](const std::string& symbol) { return decode_utf8(symbol)[0] < 0x100; };
    std::vector<std::string> bytes;
    for (const std::string& symbol : symbols_)
      if (prints(symbol)) bytes.push_back(symbol);
    for (const std::string& symbol : symbols_)
      if (!prints(symbol)) bytes.push_back(symbol);
    for (const std::string& symbol : bytes) add(symbol);
    for (const std::string& symbol : bytes) add(symbol + "</w>");
    std::istringstream lines(vocabulary);
    std::string line;
    std::getline(lines, line);
    for (std::size_t i = 0; i < kMergeCount && std::getline(lines, line); ++i) {
      std::istringstream words(line);
      std::string left;
      std::string right;
      words >> left >> right;
      ranks_[{left, right}] = static_cast<int>(i);
      add(left + right);
    }
  }

  /// Ids of cleaned text, without start and end.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view cleaned) const {
    std::vector<std::int32_t> ids;
    for (const std::string& word : split(decode_utf8(cleaned)))
      for (const std::string& symbol : merge(word)) ids.push_back(ids_.at(symbol));
    return ids;
  }

 private:
  void add(const std::string& symbol) { ids_.emplace(symbol, static_cast<std::int32_t>(ids_.size())); }

  static int kind(char32_t character) {
    if (is_space(character)) return 0;
    if (is_letter(character)) return 1;
    return is_number(character) ? 2 : 3;
  }

  static std::vector<std::string> split(const std::u32string& text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      bool contraction = false;
      for (const std::u32string_view ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
        if (!contraction && text.compare(at, ending.size(), ending) == 0) {
          end = at + ending.size();
          contraction = true;
        }
      }
      const bool runs = kind(text[at]) == 1 || kind(text[at]) == 3;
      if (!contraction && runs) {
        while (end < text.size() && kind(text[end]) == kind(text[at])) ++end;
      }
      if (kind(text[at]) != 0) words.push_back(encode_utf8(std::u32string_view(text).substr(at, end - at)));
      at = end;
    }
    return words;
  }

  [[nodiscard]] std::vector<std::string> merge(const std::string& word) const {
    std::vector<std::string> parts;
    for (const char byte : word) parts.push_back(symbols_[static_cast<std::uint8_t>(byte)]);
    parts.back() += "</w>";
    while (true) {
      int lowest = std::numeric_limits<int>::max();
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = ranks_.find({parts[i], parts[i + 1]});
        if (found != ranks_.end()) lowest = std::min(lowest, found->second);
      }
      if (lowest == std::numeric_limits<int>::max()) return parts;
      std::vector<std::string> merged;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto found = i + 1 < parts.size() ? ranks_.find({parts[i], parts[i + 1]}) : ranks_.end();
        const bool join = found != ranks_.end() && found->second == lowest;
        merged.push_back(join ? parts[i] + parts[i + 1] : parts[i]);
        if (join) ++i;
      }
      parts = std::move(merged);
    }
  }

  std::vector<std::string> symbols_;
  std::map<std::string, std::int32_t> ids_;
  std::map<std::pair<std::string, std::string>, int> ranks_;
};

}  // namespace inference_exp::text::testing
