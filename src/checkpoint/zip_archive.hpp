// The zip archives that torch.save writes: stored records, central directory, zip64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace inference_exp::checkpoint {

struct ZipRecord {
  std::span<const std::byte> bytes;
  std::uint32_t crc = 0;
};

/// Records of one archive by name, without the top folder that all of them share and without the compressed code of
/// TorchScript. Throws CorruptedModelPackageError for damage and for what torch never writes: other compressed records,
/// two of one name, two top folders.
[[nodiscard]] std::map<std::string, ZipRecord, std::less<>> read_zip(std::span<const std::byte> file);

/// Throws CorruptedModelPackageError when the record's bytes do not have its sum.
void check_crc(std::string_view name, const ZipRecord& record);

}  // namespace inference_exp::checkpoint
