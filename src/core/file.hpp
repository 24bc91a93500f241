// Reading small files whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace inference_exp {

/// No text file of a package is larger than this.
inline constexpr std::size_t kMaxTextFileSize = std::size_t{16} << 20;

/// The whole file. Throws CorruptedModelPackageError, naming the file, when it is missing, not a regular file,
/// unreadable or larger than `max_size` bytes.
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path, std::size_t max_size = kMaxTextFileSize);

}  // namespace inference_exp
