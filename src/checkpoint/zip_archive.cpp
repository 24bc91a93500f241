#include "checkpoint/zip_archive.hpp"

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/crc32.hpp"
#include "checkpoint/zip_directory.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;

/// The code of a TorchScript archive, which nobody here looks at; LibTorch compresses it and nothing else.
bool is_packed_code(const ZipEntry& entry) { return entry.method != 0 && entry.name.starts_with("code/"); }

/// `file` without the directory: a record cannot reach into it.
ZipRecord locate(std::span<const std::byte> file, const ZipEntry& entry) {
  if (entry.method != 0 || entry.stored_size != entry.size || (entry.flags & 1U) != 0) {
    throw_damaged("the record " + in_quotes(entry.full_name) +
                  " is compressed or encrypted, which torch.save never does");
  }
  ByteReader reader(file, "the record " + in_quotes(entry.full_name));
  reader.seek(entry.local_header);
  if (reader.number<std::uint32_t>() != kLocalHeader)
    throw_damaged("the record " + in_quotes(entry.full_name) + " is not there");
  reader.take(22);
  const auto name_length = reader.number<std::uint16_t>();
  const auto extra_length = reader.number<std::uint16_t>();
  if (reader.text(name_length) != entry.full_name)
    throw_damaged("the record " + in_quotes(entry.full_name) + " has two names");
  reader.take(extra_length);
  return {reader.take(entry.size), entry.crc};
}

}  // namespace

std::map<std::string, ZipRecord, std::less<>> read_zip(std::span<const std::byte> file) {
  const ZipDirectory directory = read_zip_directory(file);
  const auto before = file.first(static_cast<std::size_t>(directory.offset));
  std::map<std::string, ZipRecord, std::less<>> records;
  for (const ZipEntry& entry : directory.entries) {
    if (is_packed_code(entry)) continue;
    if (!records.emplace(entry.name, locate(before, entry)).second) {
      throw_damaged("there are two records " + in_quotes(entry.full_name));
    }
  }
  return records;
}

void check_crc(std::string_view name, const ZipRecord& record) {
  if (crc32(record.bytes) == record.crc) return;
  throw_damaged("the record " + in_quotes(name) + " does not have the checksum that was stored with it");
}

}  // namespace inference_exp::checkpoint
