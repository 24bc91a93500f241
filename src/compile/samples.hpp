// The pictures of a compilation: the caller's, or one that is made up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compile/progress.hpp"
#include "inference_exp/compile.hpp"
#include "inference_exp/model.hpp"

namespace inference_exp {

class CompileSamples {
 public:
  /// Borrows `images`. Throws InvalidParameterError when there is a count and no function.
  explicit CompileSamples(const SampleImages& images);
  CompileSamples(const CompileSamples&) = delete;
  CompileSamples& operator=(const CompileSamples&) = delete;

  [[nodiscard]] bool made_up() const noexcept { return images_.count == 0; }
  /// At least 1.
  [[nodiscard]] std::size_t count() const noexcept { return made_up() ? 1 : images_.count; }
  /// Valid until the next call. Throws ModelInputError for one that cannot be used.
  [[nodiscard]] ImageView at(std::size_t index) const;
  /// What tells these pictures from others: hex digits over all their pixels. Throws OperationCancelledError when the
  /// caller stops between two of them.
  [[nodiscard]] std::string digest(CompileReporter& reporter) const;

 private:
  const SampleImages& images_;
  std::vector<std::uint8_t> picture_;
};

/// Hands out the pictures as a network takes them, batch after batch; the last batch is filled up from the first
/// pictures.
class CalibrationBatches {
 public:
  /// Borrows both.
  CalibrationBatches(const CompileSamples& samples, const Model& model, Size size) noexcept
      : samples_(samples), model_(model), size_(size) {}

  /// Fills `batch`, [n, 3, height, width] for any n. False when all pictures have been handed out.
  [[nodiscard]] bool next(std::span<float> batch);

 private:
  const CompileSamples& samples_;
  const Model& model_;
  Size size_;
  std::size_t next_ = 0;
};

}  // namespace inference_exp
