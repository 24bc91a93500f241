#include "text/byte_pairs.hpp"

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <tuple>

namespace inference_exp::text {

namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

struct Symbol {
  std::int32_t id;  // -1: became part of the one before
  std::size_t previous;
  std::size_t next;
};

/// Two neighbours that can become `merged`; stale once either has changed.
struct Candidate {
  std::int32_t merged;
  std::size_t left;
  std::int32_t left_id;
  std::int32_t right_id;

  // Vocabularies make a symbol before they use it, so a merge never opens the way to a lower id: taking the lowest id,
  // then the leftmost place, is the same as merging all places of one pair at a time.
  friend bool operator>(const Candidate& a, const Candidate& b) noexcept {
    return std::tie(a.merged, a.left) > std::tie(b.merged, b.left);
  }
};

class Word {
 public:
  Word(std::string_view bytes, const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
    symbols_.reserve(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const bool last = i + 1 == bytes.size();
      const std::int32_t id = Vocabulary::byte_id(static_cast<std::uint8_t>(bytes[i]), last);
      symbols_.push_back({id, i == 0 ? kNone : i - 1, last ? kNone : i + 1});
    }
    for (std::size_t i = 0; i + 1 < symbols_.size(); ++i) offer(i);
  }

  void merge() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (is_current(best)) join(best);
    }
  }

  void append_to(std::vector<std::int32_t>& ids) const {
    for (std::size_t i = 0; i != kNone; i = symbols_[i].next) ids.push_back(symbols_[i].id);
  }

 private:
  void offer(std::size_t left) {
    const std::size_t right = left == kNone ? kNone : symbols_[left].next;
    if (right == kNone) return;
    const std::optional<std::int32_t> merged = vocabulary_.merge(symbols_[left].id, symbols_[right].id);
    if (merged) candidates_.push({*merged, left, symbols_[left].id, symbols_[right].id});
  }

  [[nodiscard]] bool is_current(const Candidate& candidate) const noexcept {
    const Symbol& left = symbols_[candidate.left];
    return left.id == candidate.left_id && left.next != kNone && symbols_[left.next].id == candidate.right_id;
  }

  void join(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.left];
    Symbol& right = symbols_[left.next];
    left.id = candidate.merged;
    left.next = right.next;
    right.id = -1;
    if (left.next != kNone) symbols_[left.next].previous = candidate.left;
    offer(left.previous);
    offer(candidate.left);
  }

  const Vocabulary& vocabulary_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

}  // namespace

void append_byte_pairs(std::string_view word, const Vocabulary& vocabulary, std::vector<std::int32_t>& ids) {
  Word merging(word, vocabulary);
  merging.merge();
  merging.append_to(ids);
}

}  // namespace inference_exp::text
