// Which batches a network takes, and how any number of images becomes such batches (models.md, section 6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/tensor.hpp"
#include "inference_exp/image_view.hpp"
#include "runtime/session.hpp"

namespace inference_exp::runtime {

/// Which batches a network takes. Fewer images than `min` are padded with zero images, more than `max` are split.
struct BatchLimits {
  std::int32_t min = 1;
  std::int32_t max = 1;
};

/// The largest batch of a network that sets no limit itself; it bounds the memory that one call takes.
inline constexpr std::int32_t kDefaultMaxDynamicBatch = 8;

/// What a package says of its batches.
struct PackageBatch {
  std::optional<std::int32_t> fixed{};
  std::optional<std::int32_t> min{};  ///< of a dynamic batch; default 1
  std::optional<std::int32_t> max{};  ///< of a dynamic batch
};

/// The limits of a session's first input: its static batch, else the package's fixed one, else the package's range,
/// else what the session's compiled file was made for ("runtime.batch_min" and "runtime.batch_max" of its metadata),
/// else 1...kDefaultMaxDynamicBatch. Throws CorruptedModelPackageError for limits below 1 and for a package that
/// contradicts its network.
[[nodiscard]] BatchLimits batch_limits(const Session& session, const PackageBatch& package);

/// One run of a network.
struct BatchPart {
  std::size_t begin = 0;  ///< the first image
  std::size_t count = 0;  ///< images
  std::size_t size = 0;   ///< of the batch: images and padding
};
[[nodiscard]] BatchPart next_batch(std::size_t begin, std::size_t image_count, BatchLimits limits) noexcept;

/// Seconds, added to what is there.
struct BatchTimings {
  double fill = 0, run = 0, consume = 0;
  void add(double filling, double running, double consuming) noexcept {
    fill += filling;
    run += running;
    consume += consuming;
  }
};

/// How one call is run.
struct RunSettings {
  BatchTimings* timings = nullptr;  ///< added to, when set; borrowed
  bool cuda_graphs = true;          ///< whether the backend may replay recorded runs
};

/// Throws InvalidParameterError for a size without pixels.
void require_input_size(Size size);

/// Throws ModelRuntimeError unless the first dimension of an output is the batch.
void check_batch_axis(const Shape& shape, std::size_t batch, std::string_view output);

[[nodiscard]] Shape without_batch_axis(const Shape& shape);

}  // namespace inference_exp::runtime
