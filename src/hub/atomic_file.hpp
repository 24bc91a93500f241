// Small files of the cache: written whole or not at all, read with a bound.
//
// Contract: readers see the old text or the new one, also after a crash. Links are not followed in the file's own name.
// Errors are ModelCacheError, naming the file and the reason.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace inference_exp::hub {

/// No small file of the cache is larger.
inline constexpr std::size_t kMaxSmallFile = std::size_t{2} << 20;

/// Puts `text` at `target` through a temporary file beside it, flushed to the disk. The folder must exist.
void write_file_atomically(const std::filesystem::path& target, std::string_view text);

/// The whole file; nothing when there is none. Anything but a regular file of at most `max_size` bytes is an error.
[[nodiscard]] std::optional<std::string> read_small_file(const std::filesystem::path& file,
                                                         std::size_t max_size = kMaxSmallFile);

/// Removes a file or a link if it is there, and says whether it was.
bool remove_file(const std::filesystem::path& file);

/// A name beside `target` that nobody else uses: ".<name>.<random>.tmp".
[[nodiscard]] std::filesystem::path temporary_name_for(const std::filesystem::path& target);
/// Whether `name` is one that temporary_name_for makes.
[[nodiscard]] bool is_temporary_name(std::string_view name) noexcept;

/// Makes a file's bytes last through a power failure, as far as the file system can.
void flush_file(const std::filesystem::path& file) noexcept;
/// Makes what was renamed or linked in `folder` last through a power failure, as far as the file system can.
void flush_folder(const std::filesystem::path& folder) noexcept;

}  // namespace inference_exp::hub
