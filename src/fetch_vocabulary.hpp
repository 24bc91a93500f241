// The vocabulary in the cache home, and how it gets there.
#pragma once

#include <filesystem>

#include "inference_exp/load_options.hpp"

namespace inference_exp {

/// The file in the cache home, fetched when it is not there yet. Throws MissingDependencyError offline and in a library
/// built without model ids, saying where to put the file; else what downloads throw.
[[nodiscard]] std::filesystem::path fetch_vocabulary(const LoadOptions& options);

}  // namespace inference_exp
