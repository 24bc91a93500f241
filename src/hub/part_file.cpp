#include "hub/part_file.hpp"

#include <algorithm>
#include <utility>

#include "core/json.hpp"
#include "core/log.hpp"
#include "hub/atomic_file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

constexpr int kRecordFormat = 1;
/// Those who watch are woken once for so many bytes.
constexpr std::uint64_t kAnnounceEvery = std::uint64_t{256} << 10;
/// Far above what ranges fetched side by side leave.
constexpr std::size_t kMaxRanges = 1024;

struct Record {
  PartIdentity identity;
  ByteSet complete;
};

std::string render(const Record& record) {
  Json ranges = Json::array();
  for (const ByteRange& range : record.complete.ranges()) ranges.push_back({range.first, range.last});
  Json json = {{"format_version", kRecordFormat}, {"complete", std::move(ranges)}};
  if (!record.identity.md5.empty()) json["md5"] = record.identity.md5;
  if (record.identity.size) json["size"] = *record.identity.size;
  if (!record.identity.etag.empty()) json["etag"] = record.identity.etag;
  if (!record.identity.last_modified.empty()) json["last_modified"] = record.identity.last_modified;
  // Header values are whatever a server sends.
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

/// Nothing for a record that isn't one: it is an aid, not a promise.
std::optional<Record> parse(std::string_view text, const fs::path& file) try {
  const Json json = parse_json(text, file.string());
  if (json.at("format_version") != kRecordFormat || json.at("complete").size() > kMaxRanges) return std::nullopt;
  Record record;
  record.identity.md5 = json.value("md5", "");
  record.identity.etag = json.value("etag", "");
  record.identity.last_modified = json.value("last_modified", "");
  if (json.contains("size")) record.identity.size = json.at("size").get<std::uint64_t>();
  for (const Json& entry : json.at("complete")) {
    if (!entry.at(0).is_number_unsigned() || !entry.at(1).is_number_unsigned()) return std::nullopt;
    const ByteRange range{.first = entry.at(0).get<std::uint64_t>(), .last = entry.at(1).get<std::uint64_t>()};
    if (range.first > range.last || (record.identity.size && range.last >= *record.identity.size)) return std::nullopt;
    record.complete.add(range);
  }
  return record;
} catch (const Json::exception&) {
  return std::nullopt;
} catch (const CorruptedModelPackageError&) {
  return std::nullopt;
}

std::optional<Record> read_part_record(const fs::path& file) try {
  const std::optional<std::string> text = read_small_file(file);
  if (!text) return std::nullopt;
  return parse(*text, file);
} catch (const ModelCacheError&) {
  return std::nullopt;
}

/// Whether bytes of `old_one` may become a part of `new_one`.
bool is_same_file(const PartIdentity& old_one, const PartIdentity& new_one, bool verified) {
  if (old_one.md5 != new_one.md5) return false;
  if (!old_one.size || (new_one.size && *new_one.size != *old_one.size)) return false;
  if (verified) return true;
  return !old_one.validator().empty() && old_one.etag == new_one.etag && old_one.last_modified == new_one.last_modified;
}

bool can_be_resumed(const PartIdentity& identity, bool verified) {
  return identity.size && (verified || !identity.validator().empty());
}

void remove_quietly(const fs::path& file) {
  std::error_code ignored;
  fs::remove(file, ignored);
}

}  // namespace

void ByteSet::add(ByteRange range) {
  // The first one that overlaps or touches, and the first one beyond.
  const auto from = std::ranges::find_if(ranges_, [&](const ByteRange& old) { return old.last + 1 >= range.first; });
  const auto to = std::find_if(from, ranges_.end(), [&](const ByteRange& old) { return old.first > range.last + 1; });
  if (from != to) {
    from->first = std::min(from->first, range.first);
    from->last = std::max(std::prev(to)->last, range.last);
    ranges_.erase(std::next(from), to);
  } else {
    ranges_.insert(from, range);
  }
}

std::uint64_t ByteSet::prefix() const noexcept {
  return ranges_.empty() || ranges_.front().first != 0 ? 0 : ranges_.front().last + 1;
}

std::uint64_t ByteSet::count() const noexcept {
  std::uint64_t sum = 0;
  for (const ByteRange& range : ranges_) sum += range.last - range.first + 1;
  return sum;
}

std::vector<ByteRange> ByteSet::missing(ByteRange range) const {
  std::vector<ByteRange> gaps;
  std::uint64_t next = range.first;
  for (const ByteRange& held : ranges_) {
    if (held.last < next) continue;
    if (held.first > range.last) break;
    if (held.first > next) gaps.push_back({.first = next, .last = held.first - 1});
    next = held.last + 1;
  }
  if (next <= range.last) gaps.push_back({.first = next, .last = range.last});
  return gaps;
}

PartIdentity identity_from(const HttpResponse& response) {
  PartIdentity identity;
  identity.size = response.content_length();
  identity.etag = response.header("etag").value_or("");
  if (identity.etag.starts_with("W/")) identity.etag.clear();  // says nothing of single bytes
  identity.last_modified = response.header("last-modified").value_or("");
  return identity;
}

PartFile::PartFile(fs::path target)
    : target_(std::move(target)),
      part_(part_path_of(target_)),
      record_(part_record_path_of(target_)),
      file_(OpenFile::open_or_replace(part_)) {}

PartIdentity PartFile::identity() const {
  const std::lock_guard guard(mutex_);
  return identity_;
}

void PartFile::begin(PartIdentity identity, bool verified) {
  std::optional<Record> earlier = read_part_record(record_);
  const bool goes_on = earlier && !file_.created() && is_same_file(earlier->identity, identity, verified) &&
                       (earlier->complete.ranges().empty() || earlier->complete.ranges().back().last < file_.size());
  if (!goes_on) return restart(std::move(identity));
  const std::lock_guard guard(mutex_);
  // What the server says now counts; what it does not say is as it was.
  if (!identity.size) identity.size = earlier->identity.size;
  if (identity.validator().empty()) {
    identity.etag = earlier->identity.etag;
    identity.last_modified = earlier->identity.last_modified;
  }
  identity_ = std::move(identity);
  complete_ = std::move(earlier->complete);
  log(LogLevel::debug,
      "Goes on with " + part_.string() + ", of which " + std::to_string(complete_.count()) + " bytes are there.");
}

void PartFile::restart(PartIdentity identity) {
  const std::lock_guard one_record(recording_);
  {
    const std::lock_guard guard(mutex_);
    ++generation_;
    identity_ = std::move(identity);
    complete_.clear();
  }
  grown_.notify_all();
  remove_quietly(record_);
  file_.resize(0);
}

void PartFile::set_size(std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  identity_.size = size;
}

void PartFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  file_.write_at(offset, bytes);
  {
    const std::lock_guard guard(mutex_);
    complete_.add({.first = offset, .last = offset + bytes.size() - 1});
    written_ += bytes.size();
    if (written_ - announced_ < kAnnounceEvery) return;
    announced_ = written_;
  }
  grown_.notify_all();
}

ByteSet PartFile::complete() const {
  const std::lock_guard guard(mutex_);
  return complete_;
}

std::uint64_t PartFile::complete_bytes() const {
  const std::lock_guard guard(mutex_);
  return complete_.count();
}

void PartFile::require_room_for(std::uint64_t size) const {
  const std::uint64_t held = file_.allocated();
  if (size > held) require_free_space(target_.parent_path(), size - held);
}

PartFile::Growth PartFile::growth() const {
  const std::lock_guard guard(mutex_);
  return {.generation = generation_, .prefix = complete_.prefix(), .written = written_, .sealed = sealed_};
}

PartFile::Growth PartFile::wait_for_growth(const Growth& seen, std::uint64_t bytes, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  grown_.wait(lock, stop,
              [&] { return sealed_ || generation_ != seen.generation || written_ - seen.written >= bytes; });
  return {.generation = generation_, .prefix = complete_.prefix(), .written = written_, .sealed = sealed_};
}

PartFile::Growth PartFile::wait_for_growth(const Growth& seen, std::uint64_t bytes, std::chrono::milliseconds time,
                                           const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  grown_.wait_for(lock, stop, time,
                  [&] { return sealed_ || generation_ != seen.generation || written_ - seen.written >= bytes; });
  return {.generation = generation_, .prefix = complete_.prefix(), .written = written_, .sealed = sealed_};
}

void PartFile::seal() {
  {
    const std::lock_guard guard(mutex_);
    sealed_ = true;
  }
  grown_.notify_all();
}

void PartFile::record() {
  const std::lock_guard one_record(recording_);
  Record record;
  {
    const std::lock_guard guard(mutex_);
    record = {.identity = identity_, .complete = complete_};
  }
  if (record.complete.ranges().empty()) return;
  file_.flush();
  try {
    write_file_atomically(record_, render(record));
  } catch (const ModelCacheError& error) {
    // The download itself can do without.
    log(LogLevel::debug, error.what());
  }
}

void PartFile::settle(bool verified) noexcept {
  try {
    if (complete_bytes() == 0 || !can_be_resumed(identity(), verified)) return discard();
    record();
  } catch (const std::exception& error) {
    log(LogLevel::debug, error.what());
  }
  std::error_code ignored;
  if (!fs::exists(record_, ignored)) discard();
}

void PartFile::publish() {
  file_.flush();
  rename_in_folder(part_, target_);
  remove_quietly(record_);
}

void PartFile::discard() noexcept {
  remove_quietly(record_);
  remove_quietly(part_);
}

std::uint64_t last_growth_of(const fs::path& target) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(part_path_of(target), error);
  return error ? 0 : static_cast<std::uint64_t>(time.time_since_epoch().count());
}

fs::path part_path_of(const fs::path& target) {
  return target.parent_path() / ("." + target.filename().string() + ".part");
}

fs::path part_record_path_of(const fs::path& target) {
  return target.parent_path() / ("." + target.filename().string() + ".part.json");
}

}  // namespace inference_exp::hub
