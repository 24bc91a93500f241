// Little-endian numbers and pieces from bytes, never beyond their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::checkpoint {

/// More dimensions than this no network has.
inline constexpr std::size_t kMaxTensorRank = 64;

[[noreturn]] inline void throw_damaged(std::string_view what) {
  throw CorruptedModelPackageError("The checkpoint is damaged: " + std::string(what) + ".",
                                   "Download or save the file again.");
}

/// A text of the file in quotes for a message: short, valid UTF-8 and without control characters, whatever it is.
[[nodiscard]] inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  const std::string_view start = shorten(text, kLongest);
  std::string quote = is_utf8_text(start) ? std::string(start) : "(no text)";
  for (char& c : quote) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return "\"" + quote + (start.size() < text.size() ? "...\"" : "\"");
}

class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {}

  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  void seek(std::uint64_t position) {
    if (position > bytes_.size()) end();
    position_ = static_cast<std::size_t>(position);
  }

  /// The next `count` bytes.
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > remaining()) end();
    const auto piece = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += piece.size();
    return piece;
  }
  std::string_view text(std::uint64_t count) {
    const auto piece = take(count);
    return {reinterpret_cast<const char*>(piece.data()), piece.size()};
  }
  template <typename T>
  T number() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  [[noreturn]] void end() const { throw_damaged(what_ + " ends too early"); }

  std::span<const std::byte> bytes_;
  std::string what_;
  std::size_t position_ = 0;
};

}  // namespace inference_exp::checkpoint
