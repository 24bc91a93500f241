// The stages of infer one by one, made of what a family gives the batch runner for all three at once.
#pragma once

#include <cstddef>
#include <span>

#include "core/function_ref.hpp"
#include "inference_exp/stages.hpp"
#include "runtime/batch_runner.hpp"

namespace inference_exp::models {

/// Calls `fill` for each image, in order, with its part of a new tensor. Throws ModelInputError for no image at all.
[[nodiscard]] PreparedImages prepare_images(
    std::size_t images, Size network_input,
    FunctionRef<PreprocessingMetadata(std::size_t image, std::span<float> slot)> fill);

/// Runs the network on `pixels`. Throws ModelInputError unless they are [B, 3, height, width] with as many values.
[[nodiscard]] NetworkOutputs run_network(const runtime::BatchRunner& runner, const FloatTensor& pixels);

/// Calls `consume` for each placement, in order, with what the network's `output_count` outputs say of that image.
/// Throws ModelInputError when outputs and placements are not of one batch, or a placement could not have come from
/// pre_process.
void read_outputs(const NetworkOutputs& outputs, std::size_t output_count,
                  std::span<const PreprocessingMetadata> placements, runtime::BatchRunner::Consume consume);

}  // namespace inference_exp::models
