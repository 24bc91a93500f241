// What is in a file of weights, before anything is made of it.
//
// Contract: reading is safe on any file: nothing that it contains is executed, sizes are bounded, what is not data is
// refused (docs/checkpoints.md). Any thread may call.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "inference_exp/export.hpp"

namespace inference_exp {

struct CheckpointTensor {
  std::string name;   ///< the path through the file's dictionaries, joined with dots: "model.class_embed.bias"
  std::string dtype;  ///< such as "float32"
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;  ///< when compact
};

struct CheckpointDescription {
  std::string format;                     ///< "torch", "torch-legacy", "torch-script" or "safetensors"
  std::vector<CheckpointTensor> tensors;  ///< in the file's order
  std::uint64_t bytes = 0;                ///< of all tensors
  std::string data;                       ///< everything else in the file, as a JSON object or value
};

/// Reads the structure of a .pth, .pt or .safetensors file; tensors are not touched. Throws CorruptedModelPackageError
/// for a file that is damaged or of another kind, UntrustedCheckpointError for one that asks for more than data.
[[nodiscard]] INFERENCE_EXP_API CheckpointDescription describe_checkpoint(const std::filesystem::path& file);

}  // namespace inference_exp
