#include "checkpoint/zip_directory.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "checkpoint/byte_reader.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kZip64End = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kCentralHeaderSize = 46;
constexpr std::size_t kMaxComment = 65535;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;
constexpr std::size_t kMaxRecords = 1U << 18U;

struct Place {
  std::uint64_t end = 0;  ///< where the records about the end begin
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
  bool has_comment = false;
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

Place read_end(std::span<const std::byte> file) {
  const std::size_t end = find_end(file);
  ByteReader reader(file, "the archive");
  reader.seek(end + 8);
  Place place;
  place.end = end;
  place.has_comment = end + kEndSize != file.size();
  reader.take(2);
  place.entries = reader.number<std::uint16_t>();
  place.size = reader.number<std::uint32_t>();
  place.offset = reader.number<std::uint32_t>();
  if (end < 20) return place;
  reader.seek(end - 20);
  if (reader.number<std::uint32_t>() != kZip64Locator) return place;
  reader.take(4);
  place.end = reader.number<std::uint64_t>();
  reader.seek(place.end);
  if (reader.number<std::uint32_t>() != kZip64End) throw_damaged("its zip64 record is not where it should be");
  reader.take(28);
  place.entries = reader.number<std::uint64_t>();
  place.size = reader.number<std::uint64_t>();
  place.offset = reader.number<std::uint64_t>();
  return place;
}

/// Sizes and offsets that do not fit 32 bits stand in the extra field, in this order.
void read_zip64_extra(std::span<const std::byte> extra, ZipEntry& entry) {
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

ZipEntry read_entry(ByteReader& reader) {
  if (reader.number<std::uint32_t>() != kCentralHeader) throw_damaged("its directory is not in order");
  ZipEntry entry;
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
  entry.full_name = reader.text(name_length);
  read_zip64_extra(reader.take(extra_length), entry);
  reader.take(comment_length);
  return entry;
}

/// Names are never used as paths; one that could lead out of a folder is a sign of tampering.
bool leads_out(std::string_view name) {
  using namespace std::string_view_literals;
  return name.find(".."sv) != name.npos || name.find_first_of("\\\0"sv) != name.npos;
}

/// The name without its top folder, which has to be `top`; the first record's folder becomes it.
std::string below_top(const std::string& name, std::string& top, bool first) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || slash == 0) throw_damaged("the record " + in_quotes(name) + " is in no folder");
  if (leads_out(name)) throw_damaged("the record " + in_quotes(name) + " leads out of its folder");
  if (first) top = name.substr(0, slash);
  if (name.compare(0, slash, top) != 0) throw_damaged("there are two archives in one");
  return name.substr(slash + 1);
}

}  // namespace

ZipDirectory read_zip_directory(std::span<const std::byte> file) {
  const Place place = read_end(file);
  if (place.entries > kMaxRecords || place.entries > place.size / kCentralHeaderSize) {
    throw_damaged("its directory claims more records than it has room for");
  }
  if (place.offset > place.end || place.size != place.end - place.offset) {
    throw_damaged("its directory is not where it should be");
  }
  ByteReader reader(file, "the directory");
  reader.seek(place.offset);
  ByteReader records(reader.take(place.size), "the directory");
  ZipDirectory directory{.entries = {}, .offset = place.offset, .has_comment = place.has_comment};
  std::string top;
  for (std::uint64_t i = 0; i < place.entries; ++i) {
    ZipEntry entry = read_entry(records);
    entry.name = below_top(entry.full_name, top, i == 0);
    if (!entry.name.ends_with('/') && !entry.name.empty()) directory.entries.push_back(std::move(entry));
  }
  if (records.remaining() != 0) throw_damaged("its directory has more records than it claims");
  return directory;
}

}  // namespace inference_exp::checkpoint
