// The merges of CLIP's byte-pair encoding, as published (bpe_simple_vocab_16e6.txt.gz, MIT).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace inference_exp::text {

/// Ids: 256 bytes, 256 bytes that end a word, one for each merge, start and end of a text.
inline constexpr std::size_t kMergeCount = 48'894;
inline constexpr std::int32_t kFirstMerge = 512;
inline constexpr std::int32_t kStartOfText = kFirstMerge + static_cast<std::int32_t>(kMergeCount);
inline constexpr std::int32_t kEndOfText = kStartOfText + 1;

/// Immutable once read; any number of threads may use one.
class Vocabulary {
 public:
  /// From the unpacked text: a line that names the format, then one merge a line, of which the first kMergeCount count.
  /// Throws CorruptedModelPackageError; `name` says in its message what is wrong.
  Vocabulary(std::string_view merges, std::string_view name);

  /// The id of a byte.
  [[nodiscard]] static std::int32_t byte_id(std::uint8_t byte, bool ends_word) noexcept;

  /// The id that two neighbours become, or nothing. Lower ids are merged first.
  [[nodiscard]] std::optional<std::int32_t> merge(std::int32_t left, std::int32_t right) const noexcept;

 private:
  struct Slot {
    std::uint32_t pair = 0;
    std::uint16_t merged = 0;  // 0: the slot is free
  };
  [[nodiscard]] std::size_t slot_of(std::uint32_t pair) const noexcept;

  std::vector<Slot> slots_;  // a hash table whose collisions move on to the next slot
};

/// Reads the gzip file or its unpacked text. Throws CorruptedModelPackageError for anything else, with bounds on what
/// it takes from the disk and unpacks.
[[nodiscard]] std::shared_ptr<const Vocabulary> read_vocabulary(const std::filesystem::path& file);

}  // namespace inference_exp::text
