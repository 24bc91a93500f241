#include "torchscript_directory.hpp"

#include <algorithm>

#include "checkpoint/byte_reader.hpp"
#include "core/text.hpp"

namespace inference_exp::torch_backend {

using checkpoint::ByteReader;
using checkpoint::in_quotes;
using checkpoint::throw_damaged;

namespace {

constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kZip64End = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kLocatorSize = 20;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;
constexpr std::uint64_t kMaxRecords = 1U << 16U;

struct Place {
  std::uint64_t offset = 0, size = 0, entries = 0;
};

/// The end record is the last thing in the file: PyTorch writes no comment, and without one there is one way to read
/// it.
Place find_directory(std::span<const std::byte> file) {
  if (file.size() < kEndSize) throw_damaged("it is too short for an archive");
  ByteReader reader(file, "the archive");
  reader.seek(file.size() - kEndSize);
  if (reader.number<std::uint32_t>() != kEnd) throw_damaged("the end of the archive is missing");
  reader.take(6);
  Place place;
  place.entries = reader.number<std::uint16_t>();
  place.size = reader.number<std::uint32_t>();
  place.offset = reader.number<std::uint32_t>();
  if (file.size() < kEndSize + kLocatorSize) return place;
  reader.seek(file.size() - kEndSize - kLocatorSize);
  if (reader.number<std::uint32_t>() != kZip64Locator) return place;
  reader.take(4);
  reader.seek(reader.number<std::uint64_t>());
  if (reader.number<std::uint32_t>() != kZip64End) throw_damaged("its zip64 record is not where it should be");
  reader.take(28);
  place.entries = reader.number<std::uint64_t>();
  place.size = reader.number<std::uint64_t>();
  place.offset = reader.number<std::uint64_t>();
  return place;
}

void read_large_sizes(std::span<const std::byte> extra, ScriptRecord& record) {
  ByteReader reader(extra, "an extra field");
  while (reader.remaining() >= 4) {
    const auto id = reader.number<std::uint16_t>();
    const auto size = reader.number<std::uint16_t>();
    ByteReader values(reader.take(size), "a zip64 field");
    if (id != 1) continue;
    if (record.size == kIn64) record.size = values.number<std::uint64_t>();
    if (record.stored_size == kIn64) record.stored_size = values.number<std::uint64_t>();
    return;
  }
}

std::pair<std::string, ScriptRecord> read_entry(ByteReader& reader) {
  if (reader.number<std::uint32_t>() != kCentralHeader) throw_damaged("its directory is not in order");
  reader.take(6);
  ScriptRecord record;
  record.compressed = reader.number<std::uint16_t>() != 0;
  reader.take(4);
  record.crc = reader.number<std::uint32_t>();
  record.stored_size = reader.number<std::uint32_t>();
  record.size = reader.number<std::uint32_t>();
  const auto name_length = reader.number<std::uint16_t>();
  const auto extra_length = reader.number<std::uint16_t>();
  const auto comment_length = reader.number<std::uint16_t>();
  reader.take(12);
  std::string name(reader.text(name_length));
  read_large_sizes(reader.take(extra_length), record);
  reader.take(comment_length);
  return {std::move(name), record};
}

}  // namespace

std::map<std::string, ScriptRecord, std::less<>> read_script_directory(std::span<const std::byte> file) {
  const Place place = find_directory(file);
  if (place.entries > kMaxRecords) throw_damaged("it has more records than any network");
  ByteReader reader(file, "the directory");
  reader.seek(place.offset);
  ByteReader entries(reader.take(place.size), "the directory");
  std::map<std::string, ScriptRecord, std::less<>> records;
  std::string top;
  for (std::uint64_t i = 0; i < place.entries; ++i) {
    auto [name, record] = read_entry(entries);
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || slash == 0) throw_damaged("the record " + in_quotes(name) + " is in no folder");
    if (i == 0) top = name.substr(0, slash);
    if (name.compare(0, slash, top) != 0) throw_damaged("there are two archives in one");
    if (record.stored_size > file.size() || (!record.compressed && record.size != record.stored_size)) {
      throw_damaged("the record " + in_quotes(name) + " has an impossible size");
    }
    if (!records.emplace(lower_case(name.substr(slash + 1)), record).second) {
      throw_damaged("there are two records " + in_quotes(name));
    }
  }
  if (entries.remaining() != 0) throw_damaged("its directory has more records than it claims");
  return records;
}

}  // namespace inference_exp::torch_backend
