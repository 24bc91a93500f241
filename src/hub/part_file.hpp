// A download under way: the bytes that came so far, and what is known of them.
//
// Contract: belongs to whoever holds the target's lock. Beside the target lie ".<name>.part", the bytes, each at its
// place, and ".<name>.part.json", which says what they are a part of and which of them are certainly on the disk. The
// record is replaced as a whole, after the bytes it speaks of were flushed, so that it never promises too much.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "hub/disk.hpp"
#include "hub/http.hpp"

namespace inference_exp::hub {

/// A set of byte positions, kept as ranges: ascending, apart from each other.
class ByteSet {
 public:
  void add(ByteRange range);
  void clear() { ranges_.clear(); }
  [[nodiscard]] const std::vector<ByteRange>& ranges() const noexcept { return ranges_; }
  /// How many bytes from 0 on are there without a gap.
  [[nodiscard]] std::uint64_t prefix() const noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
  /// The gaps within `range`.
  [[nodiscard]] std::vector<ByteRange> missing(ByteRange range) const;

 private:
  std::vector<ByteRange> ranges_;
};

/// What a part is a part of, whatever address it comes from.
struct PartIdentity {
  std::string md5{};  ///< empty: unknown
  std::optional<std::uint64_t> size{};
  std::string etag{};  ///< strong ones only
  std::string last_modified{};

  /// What If-Range takes; empty when the server gave nothing fit for it.
  [[nodiscard]] const std::string& validator() const noexcept { return etag.empty() ? last_modified : etag; }
};
/// Size and validators as the server's answer has them.
[[nodiscard]] PartIdentity identity_from(const HttpResponse& response);

/// Thread-safe, except that `restart` and `publish` need the writers to rest.
class PartFile {
 public:
  /// Opens the part of `target`, or makes it.
  explicit PartFile(std::filesystem::path target);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return part_; }
  [[nodiscard]] bool created() const noexcept { return file_.created(); }
  [[nodiscard]] PartIdentity identity() const;

  /// Goes on from an earlier record if it is one of the same file, else from nothing. A hash that will be checked
  /// (`verified`) is proof enough; without one, the server's validators must be the same.
  void begin(PartIdentity identity, bool verified);
  /// Drops all bytes; they are to become this from now on.
  void restart(PartIdentity identity);
  /// The size, once the end of a body told it.
  void set_size(std::uint64_t size);

  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> into) const {
    return file_.read_at(offset, into);
  }
  [[nodiscard]] ByteSet complete() const;
  [[nodiscard]] std::uint64_t complete_bytes() const;
  /// Throws ModelCacheError when the disk has no room for what is still missing of `size`.
  void require_room_for(std::uint64_t size) const;

  // For those who watch the part grow.
  struct Growth {
    std::uint64_t generation = 0;  ///< another one after each restart
    std::uint64_t prefix = 0;
    std::uint64_t written = 0;  ///< since it was opened
    bool sealed = false;        ///< nothing more will come
  };
  [[nodiscard]] Growth growth() const;
  /// Waits until at least `bytes` more were written than `seen` says, the part is sealed or restarted, or `stop`.
  [[nodiscard]] Growth wait_for_growth(const Growth& seen, std::uint64_t bytes, const std::stop_token& stop) const;
  /// The same, for `time` at most.
  [[nodiscard]] Growth wait_for_growth(const Growth& seen, std::uint64_t bytes, std::chrono::milliseconds time,
                                       const std::stop_token& stop) const;
  void seal();

  /// Flushes the bytes that are complete now, then writes them down.
  void record();
  /// After a failure: keeps what the next attempt can go on from, removes what it cannot. Never throws.
  void settle(bool verified) noexcept;
  /// Flushes, gives the part its target's name, and removes the record.
  void publish();
  /// Removes part and record.
  void discard() noexcept;

 private:
  void load_record(bool verified);

  std::filesystem::path target_;
  std::filesystem::path part_;
  std::filesystem::path record_;
  OpenFile file_;

  std::mutex recording_;  ///< one record at a time; taken before `mutex_`
  mutable std::mutex mutex_;
  mutable std::condition_variable_any grown_;
  PartIdentity identity_;
  ByteSet complete_;
  std::uint64_t generation_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t announced_ = 0;  ///< of `written_`, to those who wait
  bool sealed_ = false;
};

/// ".<name>.part" and ".<name>.part.json" beside `target`.
[[nodiscard]] std::filesystem::path part_path_of(const std::filesystem::path& target);
/// A number that changes whenever a download to `target` writes something, whichever process does it.
[[nodiscard]] std::uint64_t last_growth_of(const std::filesystem::path& target);
[[nodiscard]] std::filesystem::path part_record_path_of(const std::filesystem::path& target);

}  // namespace inference_exp::hub
