#include "checkpoint/zip_archive.hpp"

#include <algorithm>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/crc32.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kZip64End = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kCentralHeaderSize = 46;
constexpr std::size_t kMaxComment = 65535;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;
constexpr std::size_t kMaxRecords = 1U << 18U;

struct Directory {
  std::uint64_t end = 0;  ///< where the records about the end begin
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

struct Entry {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t local_header = 0;
  std::uint32_t crc = 0;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
};

/// The end record is the last thing in the file but for a comment.
std::size_t find_end(std::span<const std::byte> file) {
  if (file.size() < kEndSize) throw_damaged("it is too short for an archive");
  const std::size_t first = file.size() - std::min(file.size(), kEndSize + kMaxComment);
  for (std::size_t at = file.size() - kEndSize + 1; at-- > first;) {
    ByteReader reader(file, "the archive");
    reader.seek(at);
    if (reader.number<std::uint32_t>() != kEnd) continue;
    reader.seek(at + 20);
    if (reader.number<std::uint16_t>() == file.size() - at - kEndSize) return at;
  }
  throw_damaged("the end of the archive is missing; it was not downloaded or saved completely");
}

Directory read_end(std::span<const std::byte> file) {
  const std::size_t end = find_end(file);
  ByteReader reader(file, "the archive");
  reader.seek(end + 8);
  Directory directory;
  directory.end = end;
  reader.take(2);
  directory.entries = reader.number<std::uint16_t>();
  directory.size = reader.number<std::uint32_t>();
  directory.offset = reader.number<std::uint32_t>();
  if (end < 20) return directory;
  reader.seek(end - 20);
  if (reader.number<std::uint32_t>() != kZip64Locator) return directory;
  reader.take(4);
  directory.end = reader.number<std::uint64_t>();
  reader.seek(directory.end);
  if (reader.number<std::uint32_t>() != kZip64End) throw_damaged("its zip64 record is not where it should be");
  reader.take(28);
  directory.entries = reader.number<std::uint64_t>();
  directory.size = reader.number<std::uint64_t>();
  directory.offset = reader.number<std::uint64_t>();
  return directory;
}

/// Sizes and offsets that do not fit 32 bits stand in the extra field, in this order.
void read_zip64_extra(std::span<const std::byte> extra, Entry& entry) {
  ByteReader reader(extra, "an extra field");
  while (reader.remaining() >= 4) {
    const auto id = reader.number<std::uint16_t>();
    const auto size = reader.number<std::uint16_t>();
    const auto field = reader.take(size);
    if (id != 1) continue;
    ByteReader values(field, "a zip64 field");
    for (std::uint64_t* value : {&entry.size, &entry.stored_size, &entry.local_header}) {
      if (*value == kIn64) *value = values.number<std::uint64_t>();
    }
  }
}

Entry read_entry(ByteReader& reader) {
  if (reader.number<std::uint32_t>() != kCentralHeader) throw_damaged("its directory is not in order");
  Entry entry;
  reader.take(4);
  entry.flags = reader.number<std::uint16_t>();
  entry.method = reader.number<std::uint16_t>();
  reader.take(4);
  entry.crc = reader.number<std::uint32_t>();
  entry.stored_size = reader.number<std::uint32_t>();
  entry.size = reader.number<std::uint32_t>();
  const auto name_length = reader.number<std::uint16_t>();
  const auto extra_length = reader.number<std::uint16_t>();
  const auto comment_length = reader.number<std::uint16_t>();
  reader.take(8);
  entry.local_header = reader.number<std::uint32_t>();
  entry.name = reader.text(name_length);
  read_zip64_extra(reader.take(extra_length), entry);
  reader.take(comment_length);
  return entry;
}

/// Names are never used as paths; one that could lead out of a folder is a sign of tampering.
bool leads_out(std::string_view name) {
  using namespace std::string_view_literals;
  return name.find(".."sv) != name.npos || name.find_first_of("\\\0"sv) != name.npos;
}

/// The code of a TorchScript archive, which nobody here looks at; LibTorch compresses it and nothing else.
bool is_packed_code(const Entry& entry, std::size_t name_begin) {
  return entry.method != 0 && std::string_view(entry.name).substr(name_begin).starts_with("code/");
}

/// `file` without the directory: a record cannot reach into it.
ZipRecord locate(std::span<const std::byte> file, const Entry& entry) {
  if (entry.method != 0 || entry.stored_size != entry.size || (entry.flags & 1U) != 0) {
    throw_damaged("the record " + in_quotes(entry.name) + " is compressed or encrypted, which torch.save never does");
  }
  ByteReader reader(file, "the record " + in_quotes(entry.name));
  reader.seek(entry.local_header);
  if (reader.number<std::uint32_t>() != kLocalHeader)
    throw_damaged("the record " + in_quotes(entry.name) + " is not there");
  reader.take(22);
  const auto name_length = reader.number<std::uint16_t>();
  const auto extra_length = reader.number<std::uint16_t>();
  if (reader.text(name_length) != entry.name) throw_damaged("the record " + in_quotes(entry.name) + " has two names");
  reader.take(extra_length);
  return {reader.take(entry.size), entry.crc};
}

}  // namespace

std::map<std::string, ZipRecord, std::less<>> read_zip(std::span<const std::byte> file) {
  const Directory directory = read_end(file);
  if (directory.entries > kMaxRecords || directory.entries > directory.size / kCentralHeaderSize) {
    throw_damaged("its directory claims more records than it has room for");
  }
  if (directory.offset > directory.end || directory.size != directory.end - directory.offset) {
    throw_damaged("its directory is not where it should be");
  }
  ByteReader reader(file, "the directory");
  reader.seek(directory.offset);
  ByteReader entries(reader.take(directory.size), "the directory");
  const auto before = file.first(static_cast<std::size_t>(directory.offset));
  std::map<std::string, ZipRecord, std::less<>> records;
  std::string top;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    const Entry entry = read_entry(entries);
    const std::size_t slash = entry.name.find('/');
    if (slash == std::string::npos || slash == 0)
      throw_damaged("the record " + in_quotes(entry.name) + " is in no folder");
    if (leads_out(entry.name)) throw_damaged("the record " + in_quotes(entry.name) + " leads out of its folder");
    if (i == 0) top = entry.name.substr(0, slash);
    if (entry.name.compare(0, slash, top) != 0) throw_damaged("there are two archives in one");
    if (entry.name.ends_with('/')) continue;
    if (is_packed_code(entry, slash + 1)) continue;
    if (!records.emplace(entry.name.substr(slash + 1), locate(before, entry)).second) {
      throw_damaged("there are two records " + in_quotes(entry.name));
    }
  }
  if (entries.remaining() != 0) throw_damaged("its directory has more records than it claims");
  return records;
}

void check_crc(std::string_view name, const ZipRecord& record) {
  if (crc32(record.bytes) == record.crc) return;
  throw_damaged("the record " + in_quotes(name) + " does not have the checksum that was stored with it");
}

}  // namespace inference_exp::checkpoint
