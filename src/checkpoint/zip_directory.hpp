// The directory of a zip archive as torch writes it: which records there are, before any of them is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace inference_exp::checkpoint {

struct ZipEntry {
  std::string name;       ///< without the top folder that all records share
  std::string full_name;  ///< as in the file
  std::uint64_t size = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t local_header = 0;  ///< offset in the file
  std::uint32_t crc = 0;           ///< of the unpacked bytes
  std::uint16_t flags = 0;
  std::uint16_t method = 0;  ///< 0: stored
};

struct ZipDirectory {
  std::vector<ZipEntry> entries;  ///< in the file's order, folders left out
  std::uint64_t offset = 0;       ///< of the directory: records lie before it
  bool has_comment = false;       ///< behind the archive's end
};

/// Throws CorruptedModelPackageError for damage and for what torch never writes: records in no folder or in two, names
/// that lead out of their folder, more or fewer records than claimed.
[[nodiscard]] ZipDirectory read_zip_directory(std::span<const std::byte> file);

}  // namespace inference_exp::checkpoint
