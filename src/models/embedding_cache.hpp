// The vectors of the texts that were asked for last.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace inference_exp::models {

/// Thread-safe. Forgets what was not used for the longest time.
class EmbeddingCache {
 public:
  /// `capacity` texts; 0 remembers nothing.
  explicit EmbeddingCache(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::optional<std::vector<float>> find(std::string_view text);
  void store(std::string_view text, std::span<const float> vector);

 private:
  struct Entry {
    std::string text;
    std::vector<float> vector;
  };
  std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< the last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
};

}  // namespace inference_exp::models
