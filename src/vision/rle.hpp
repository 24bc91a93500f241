// COCO run lengths, written without a picture in between (models.md, section 3.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace inference_exp::vision {

/// Builds the compressed string from the places, in column-major order, where a mask changes between 0 and 1.
class RunLengthWriter {
 public:
  /// `position` counts pixels column by column and must not fall. Two changes at one place cancel out.
  void flip_at(std::uint64_t position);
  /// The string for a mask of `pixels` pixels; flips at the very end don't count. The writer is empty again.
  [[nodiscard]] std::string finish(std::uint64_t pixels);

 private:
  std::vector<std::uint64_t> flips_;
};

}  // namespace inference_exp::vision
