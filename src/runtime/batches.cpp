#include "runtime/batches.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {

namespace {

void require_possible(const PackageBatch& package) {
  for (const std::optional<std::int32_t>& limit : {package.fixed, package.min, package.max}) {
    if (!limit || *limit >= 1) continue;
    throw CorruptedModelPackageError("A batch size of " + std::to_string(*limit) + " is not possible.",
                                     "static_batch_size and max_dynamic_batch_size must be at least 1.");
  }
}

/// What the session's file was compiled for; unset where it does not say.
std::optional<std::int32_t> compiled_limit(const Session& session, std::string_view key) {
  const auto found = session.metadata().find(key);
  if (found == session.metadata().end()) return std::nullopt;
  const std::string& text = found->second;
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

[[noreturn]] void contradict(const std::string& package, const std::string& network) {
  throw CorruptedModelPackageError(
      "The package says that its batch size is " + package + ", but its network takes batches of " + network + ".",
      "Export the package again.");
}

std::string range_text(std::int32_t min, std::int32_t max) {
  return min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max);
}

BatchLimits dynamic_limits(const Session& session, const PackageBatch& package) {
  const std::int32_t lowest = compiled_limit(session, "runtime.batch_min").value_or(1);
  const std::optional<std::int32_t> highest = compiled_limit(session, "runtime.batch_max");
  BatchLimits limits{.min = package.min.value_or(lowest),
                     .max = package.max.value_or(highest.value_or(kDefaultMaxDynamicBatch))};
  if (package.fixed) limits = {.min = *package.fixed, .max = *package.fixed};
  if (limits.min < lowest || (highest && limits.max > *highest)) {
    contradict(range_text(limits.min, limits.max), range_text(lowest, highest.value_or(limits.max)));
  }
  limits.max = std::max(limits.min, limits.max);
  return limits;
}

}  // namespace

BatchLimits batch_limits(const Session& session, const PackageBatch& package) {
  require_possible(package);
  const std::span<const TensorSpec> inputs = session.inputs();
  const std::int64_t dim = !inputs.empty() && inputs[0].shape.rank() > 0 ? inputs[0].shape[0] : -1;
  if (dim < 1) return dynamic_limits(session, package);
  if (package.fixed && *package.fixed != dim) contradict(std::to_string(*package.fixed), std::to_string(dim));
  return {.min = static_cast<std::int32_t>(dim), .max = static_cast<std::int32_t>(dim)};
}

BatchPart next_batch(std::size_t begin, std::size_t image_count, BatchLimits limits) noexcept {
  const std::size_t count = std::min(static_cast<std::size_t>(limits.max), image_count - begin);
  return {.begin = begin, .count = count, .size = std::max(static_cast<std::size_t>(limits.min), count)};
}

void require_input_size(Size size) {
  if (size.width >= 1 && size.height >= 1) return;
  throw InvalidParameterError("A network input of " + std::to_string(size.width) + " x " + std::to_string(size.height) +
                              " pixels is not possible.");
}

void check_batch_axis(const Shape& shape, std::size_t batch, std::string_view output) {
  if (shape.rank() != 0 && shape[0] == static_cast<std::int64_t>(batch)) return;
  throw ModelRuntimeError("The output \"" + std::string(output) + "\" has the shape " + shape.to_string() +
                              "; its first dimension should be the batch of " + std::to_string(batch) + ".",
                          "Export the model with the batch as the first axis of every output.");
}

Shape without_batch_axis(const Shape& shape) { return Shape(shape.dims().subspan(1)); }

}  // namespace inference_exp::runtime
