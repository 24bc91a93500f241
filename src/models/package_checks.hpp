// What must hold between a network that takes one picture per image and its package, whatever the family.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/registry.hpp"
#include "packages/inference_config.hpp"
#include "runtime/batches.hpp"

namespace inference_exp::models {

/// The hint of an error about a network that does not fit its package.
inline constexpr std::string_view kWrongNetwork = "Check that the model file and the configuration belong together.";

/// Whether a declared dimension can be `expected`.
[[nodiscard]] constexpr bool fits(std::int64_t dimension, std::int64_t expected) noexcept {
  return dimension < 0 || dimension == expected;
}

/// Throws CorruptedModelPackageError unless there are a resize mode, three input channels, a positive size, class
/// names, and exactly one input of that size. `family` is how errors call the model.
void check_image_package(const ModelInit& init, std::string_view family);

/// What a package says of its batches, for the runtime.
[[nodiscard]] runtime::PackageBatch package_batch(const packages::ForwardPass& forward) noexcept;

}  // namespace inference_exp::models
