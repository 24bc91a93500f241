// What a pickle says, flattened: tensors by path, everything else as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "checkpoint/pickle.hpp"

namespace inference_exp::checkpoint {

/// Where a tensor's elements are.
struct Placed {
  std::size_t storage = 0;  ///< index into Pickle::storages
  std::uint64_t offset = 0;
  std::vector<std::int64_t> strides;
  bool compact = false;
};

struct Contents {
  std::vector<TensorEntry> tensors;
  std::vector<Placed> places;  ///< one per tensor
  Json data = Json::object();
};

/// Throws CorruptedModelPackageError for tensors that reach beyond their storage, would be larger than it, or are named
/// twice, and for nesting beyond every use.
[[nodiscard]] Contents flatten(const Pickle& pickle);

/// The element type of a storage class such as "FloatStorage". Throws CorruptedModelPackageError for others.
[[nodiscard]] DType storage_dtype(const std::string& type);

}  // namespace inference_exp::checkpoint
