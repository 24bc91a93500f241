// The network's input as a place to write rows to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vision/geometry.hpp"
#include "vision/normalizer.hpp"
#include "vision/preprocess_kernels.hpp"

namespace inference_exp::vision {

/// Borrows the planes and the normalizer.
class Canvas {
 public:
  /// `swap`: memory channel 0 goes to plane 2. `gray`: one memory channel goes to all planes.
  Canvas(std::span<float> chw, const Placement& placement, const Normalizer& normalizer, bool swap, bool gray)
      : chw_(chw), placement_(placement), normalizer_(normalizer), swap_(swap), gray_(gray) {}

  /// The size that the window is resized to.
  [[nodiscard]] Size resized() const { return placement_.resized; }

  /// The part of the resized image that is written; all of it but in shortest_edge_center_crop.
  [[nodiscard]] Rect kept() const { return placement_.kept; }

  /// The plane that memory channel `channel` goes to.
  [[nodiscard]] std::size_t plane_of(std::size_t channel) const { return swap_ ? 2 - channel : channel; }

  [[nodiscard]] Size kept_size() const { return {placement_.kept.width, placement_.kept.height}; }

  /// Row `y` of that part.
  [[nodiscard]] RowTarget row(std::int32_t y) const;

  /// Writes everything around the resized image; `values` by plane.
  void fill_padding(const std::array<float, 3>& values) const;

 private:
  [[nodiscard]] std::span<float> plane(std::size_t index) const {
    return chw_.subspan(index * chw_.size() / 3, chw_.size() / 3);
  }

  std::span<float> chw_;
  const Placement& placement_;
  const Normalizer& normalizer_;
  bool swap_;
  bool gray_;
};

}  // namespace inference_exp::vision
