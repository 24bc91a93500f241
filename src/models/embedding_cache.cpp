#include "models/embedding_cache.hpp"

namespace inference_exp::models {

std::optional<std::vector<float>> EmbeddingCache::find(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->vector;
}

void EmbeddingCache::store(std::string_view text, std::span<const float> vector) {
  if (capacity_ == 0) return;
  const std::scoped_lock lock(mutex_);
  if (by_text_.contains(text)) return;
  if (entries_.size() == capacity_) {
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
  }
  entries_.push_front({std::string(text), {vector.begin(), vector.end()}});
  by_text_.emplace(entries_.front().text, entries_.begin());
}

}  // namespace inference_exp::models
