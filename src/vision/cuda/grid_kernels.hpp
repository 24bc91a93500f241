// From an anchor grid to detections: candidates, their order, suppression.
#pragma once

#include "vision/cuda/device.hpp"

namespace inference_exp::vision::gpu {

/// One detection in network pixels.
struct DetectionRow {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float score = 0;
  std::int32_t class_id = 0;
  std::uint32_t anchor = 0;
};

/// A box that stays, moved to its class's place.
struct KeptBox {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float area = 0;
  std::int32_t group = 0;
};

/// Zero before the first kernel.
struct GridCounters {
  std::uint32_t candidates = 0;
  std::uint32_t highest = 0;  ///< the candidates' largest coordinate, by ordered_bits
  std::uint32_t rows = 0;     ///< the result's length
  std::uint32_t reserved = 0;
};

/// What the three kernels of one image share.
struct GridWork {
  Elements grid;  ///< [4 + classes + extra, anchors]: cx, cy, width, height, a score per class, other values
  std::uint32_t classes = 0;
  std::uint32_t extra = 0;
  std::uint32_t anchors = 0;
  const float* class_thresholds = nullptr;  ///< null: `threshold` for every class
  float threshold = 0;
  float iou_above = 0;
  bool class_agnostic = false;
  std::uint32_t offset_limit = 0;  ///< with more candidates, classes are kept apart and not moved apart
  std::uint32_t max_rows = 0;
  GridCounters* counters = nullptr;
  std::uint64_t* keys = nullptr;       ///< [anchors]
  DetectionRow* candidates = nullptr;  ///< [anchors], in any order
  DetectionRow* ranked = nullptr;      ///< [anchors], best first
  KeptBox* kept = nullptr;             ///< [max_rows]
  DetectionRow* rows = nullptr;        ///< [max_rows]: the result
  float* extra_values = nullptr;       ///< [max_rows, extra]
};

/// One anchor a thread: its best class, the first among equals; kept if above its threshold. NaN drops the anchor.
IEXP_DEVICE void select_candidate(const GridWork& work, std::uint32_t anchor) {
  if (anchor >= work.anchors || work.classes == 0) return;
  const std::size_t anchors = work.anchors;
  const std::size_t scores = 4 * anchors + anchor;
  DetectionRow row;
  row.anchor = anchor;
  row.score = work.grid.at(scores);
  bool ordered = row.score == row.score;
  for (std::uint32_t c = 1; c < work.classes; ++c) {
    const float score = work.grid.at(scores + c * anchors);
    ordered = ordered && score == score;
    if (score > row.score) {
      row.score = score;
      row.class_id = static_cast<std::int32_t>(c);
    }
  }
  const float threshold = work.class_thresholds != nullptr ? work.class_thresholds[row.class_id] : work.threshold;
  if (!ordered || !(row.score > threshold) || !finite(row.score)) return;
  const float cx = work.grid.at(anchor);
  const float cy = work.grid.at(anchors + anchor);
  const float width = work.grid.at(2 * anchors + anchor);
  const float height = work.grid.at(3 * anchors + anchor);
  row.x1 = cx - width / 2;
  row.y1 = cy - height / 2;
  row.x2 = cx + width / 2;
  row.y2 = cy + height / 2;
  if (!finite(row.x1) || !finite(row.y1) || !finite(row.x2) || !finite(row.y2)) return;
  const std::uint32_t place = atomic_add(&work.counters->candidates, 1);
  work.keys[place] = rank_key(row.score, anchor);
  work.candidates[place] = row;
  const float right = row.x1 < row.x2 ? row.x2 : row.x1;
  const float bottom = row.y1 < row.y2 ? row.y2 : row.y1;
  atomic_maximum(&work.counters->highest, ordered_bits(right < bottom ? bottom : right));
}

/// One candidate a thread: as many places from the front as there are better ones. Keys differ, so places do.
IEXP_DEVICE void rank_candidate(const GridWork& work, std::uint32_t candidate) {
  const std::uint32_t count = work.counters->candidates;
  if (candidate >= count) return;
  const std::uint64_t key = work.keys[candidate];
  std::uint32_t rank = 0;
  for (std::uint32_t i = 0; i < count; ++i) rank += work.keys[i] < key ? 1U : 0U;
  work.ranked[rank] = work.candidates[candidate];
}

/// Whether `box` overlaps the better box `kept` too much: vision::batched_nms's comparison, operation by operation.
IEXP_DEVICE bool suppresses(const KeptBox& kept, const KeptBox& box, float iou_above) {
  if (kept.group != box.group) return false;
  const float left = kept.x1 < box.x1 ? box.x1 : kept.x1;
  const float top = kept.y1 < box.y1 ? box.y1 : kept.y1;
  const float right = box.x2 < kept.x2 ? box.x2 : kept.x2;
  const float bottom = box.y2 < kept.y2 ? box.y2 : kept.y2;
  const float width = right - left > 0 ? right - left : 0.F;
  const float height = bottom - top > 0 ? bottom - top : 0.F;
  const float intersection = width * height;
  if (!(intersection > 0)) return false;
  return intersection / (kept.area + box.area - intersection) > iou_above;
}

/// Candidates that the suppressing block looks at together.
inline constexpr std::uint32_t kSuppressChunk = 256;
inline constexpr std::uint32_t kMaskWords = kSuppressChunk / 32;

/// The block's shared memory.
struct SuppressShared {
  KeptBox boxes[kSuppressChunk];
  std::uint32_t overlaps[kSuppressChunk][kMaskWords];  ///< bit j of row i: box i suppresses the later box j
  std::uint32_t alive[kSuppressChunk];
  std::uint32_t survivors[kSuppressChunk];
  std::uint32_t survivor_count;
};

/// The candidate of this rank, as it is compared.
IEXP_DEVICE KeptBox box_to_compare(const GridWork& work, const DetectionRow& row, std::uint32_t count) {
  const bool move_apart = count <= work.offset_limit;
  KeptBox box{row.x1, row.y1, row.x2, row.y2, 0, 0};
  if (move_apart) {
    const float highest = from_ordered_bits(work.counters->highest);
    const float offset = work.class_agnostic ? 0.F : static_cast<float>(row.class_id) * (highest + 1);
    box.x1 += offset;
    box.y1 += offset;
    box.x2 += offset;
    box.y2 += offset;
  } else if (!work.class_agnostic) {
    box.group = row.class_id;
  }
  box.area = (box.x2 - box.x1) * (box.y2 - box.y1);
  return box;
}

/// The pairs of a chunk of which the better one suppresses the other: 32 pairs of box `word / kMaskWords`.
IEXP_DEVICE std::uint32_t overlap_bits(const SuppressShared& shared, std::uint32_t word, std::uint32_t size,
                                       float iou_above) {
  const std::uint32_t better = word / kMaskWords;
  const std::uint32_t first = word % kMaskWords * 32;
  std::uint32_t bits = 0;
  if (shared.alive[better] == 0) return 0;
  for (std::uint32_t k = 0; k < 32; ++k) {
    const std::uint32_t other = first + k;
    const bool later = other > better && other < size && shared.alive[other] != 0;
    if (later && suppresses(shared.boxes[better], shared.boxes[other], iou_above)) bits |= 1U << k;
  }
  return bits;
}

/// Goes through a chunk from its best box on; at most `room` stay.
IEXP_DEVICE void pick_survivors(SuppressShared& shared, std::uint32_t size, std::uint32_t room) {
  std::uint32_t gone[kMaskWords] = {};
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < size && count < room; ++i) {
    if (shared.alive[i] == 0 || (gone[i / 32] >> (i % 32) & 1U) != 0) continue;
    shared.survivors[count++] = i;
    for (std::uint32_t word = i / 32; word < kMaskWords; ++word) gone[word] |= shared.overlaps[i][word];
  }
  shared.survivor_count = count;
}

/// Copies the values behind the scores for the rows of the result.
IEXP_DEVICE void copy_extra(const Block& block, const GridWork& work, std::uint32_t rows) {
  const std::size_t first = 4 + static_cast<std::size_t>(work.classes);
  block.for_each(rows * work.extra, [&](std::uint32_t i) {
    const std::size_t value = first + i % work.extra;
    work.extra_values[i] = work.grid.at(value * work.anchors + work.rows[i / work.extra].anchor);
  });
}

/// Greedy suppression by one block, a chunk of candidates after the other: each chunk is first compared with what stays
/// of the chunks before, then with itself, and both in parallel; only the choice within a chunk goes one by one.
IEXP_DEVICE void suppress_candidates(const Block& block, const GridWork& work, SuppressShared& shared) {
  const std::uint32_t count = work.counters->candidates;
  std::uint32_t kept = 0;
  for (std::uint32_t begin = 0; begin < count && kept < work.max_rows; begin += kSuppressChunk) {
    const std::uint32_t size = count - begin < kSuppressChunk ? count - begin : kSuppressChunk;
    block.for_each(size, [&](std::uint32_t i) {
      const KeptBox box = box_to_compare(work, work.ranked[begin + i], count);
      bool alive = true;
      for (std::uint32_t k = 0; k < kept && alive; ++k) alive = !suppresses(work.kept[k], box, work.iou_above);
      shared.boxes[i] = box;
      shared.alive[i] = alive ? 1 : 0;
    });
    block.for_each(size * kMaskWords, [&](std::uint32_t word) {
      shared.overlaps[word / kMaskWords][word % kMaskWords] = overlap_bits(shared, word, size, work.iou_above);
    });
    block.once([&] { pick_survivors(shared, size, work.max_rows - kept); });
    const std::uint32_t survivors = shared.survivor_count;
    block.for_each(survivors, [&](std::uint32_t i) {
      work.kept[kept + i] = shared.boxes[shared.survivors[i]];
      work.rows[kept + i] = work.ranked[begin + shared.survivors[i]];
    });
    kept += survivors;
  }
  copy_extra(block, work, kept);
  block.once([&] { work.counters->rows = kept; });
}

}  // namespace inference_exp::vision::gpu
