// Which anchors of an anchor grid score high enough, and for which class (models.md, section 3.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace inference_exp::vision {

/// Scores of every class at every anchor: values[class * anchors + anchor].
struct ScoreGrid {
  std::span<const float> values;
  std::size_t classes = 0;
  std::size_t anchors = 0;
};

/// What a score must be above; `per_class` (one per class) wins over `uniform` when it is not empty.
struct ScoreThresholds {
  float uniform = 0;
  std::span<const float> per_class;

  [[nodiscard]] float of(std::int32_t class_id) const noexcept {
    return per_class.empty() ? uniform : per_class[static_cast<std::size_t>(class_id)];
  }
  /// Below every class's threshold, or equal to the lowest.
  [[nodiscard]] float lowest() const noexcept;
};

struct Candidate {
  float score = 0;
  std::int32_t class_id = 0;
  std::uint32_t anchor = 0;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// Anchors whose best class (the first one among equals) scores above its threshold, in anchor order. Anchors with a
/// NaN score or an infinite best score are left out.
void select_candidates(const ScoreGrid& grid, const ScoreThresholds& thresholds, std::vector<Candidate>& candidates);

/// The plain twin that defines the truth.
[[nodiscard]] std::vector<Candidate> select_candidates_reference(const ScoreGrid& grid,
                                                                 const ScoreThresholds& thresholds);

}  // namespace inference_exp::vision
