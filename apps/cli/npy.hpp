// Arrays in NumPy's file format, version 1.0 (numpy.lib.format).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace inference_exp::cli {

/// Writes `values` as a float32 array (rows, columns). Throws InvalidParameterError when the file can't be written;
/// what could not be written whole is not left behind.
void write_npy(const std::filesystem::path& file, std::span<const float> values, std::size_t rows, std::size_t columns);

}  // namespace inference_exp::cli
