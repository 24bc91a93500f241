#include "vision/rle.hpp"

#include <array>
#include <string_view>

#include "inference_exp/errors.hpp"
#include "inference_exp/predictions.hpp"

namespace inference_exp {
namespace {

constexpr int kDigitBits = 5;
constexpr std::int64_t kSignBit = 16;
constexpr std::int64_t kMoreBit = 32;
constexpr char kFirstDigit = '0';

/// Appends a signed number, five bits a character, lowest first.
void append_number(std::int64_t value, std::string& text) {
  bool more = true;
  while (more) {
    std::int64_t digit = value & 31;
    value >>= kDigitBits;
    more = (digit & kSignBit) != 0 ? value != -1 : value != 0;
    if (more) digit |= kMoreBit;
    text.push_back(static_cast<char>(digit + kFirstDigit));
  }
}

[[noreturn]] void throw_malformed(const std::string& what) {
  throw InvalidParameterError("The run lengths are malformed: " + what + ".",
                              "They must be COCO's compressed counts for exactly this mask size.");
}

/// Reads the number at the front of `text` and removes it.
std::int64_t take_number(std::string_view& text) {
  constexpr int kMaxDigits = 12;  // 60 bits: no shift can overflow
  std::int64_t value = 0;
  for (int digits = 0; digits < kMaxDigits; ++digits) {
    if (text.empty()) throw_malformed("a number is cut short");
    const std::int64_t digit = std::int64_t{text.front()} - kFirstDigit;
    if (digit < 0 || digit >= 2 * kMoreBit) throw_malformed("a character is outside '0' to 'o'");
    text.remove_prefix(1);
    value |= (digit & 31) << (kDigitBits * digits);
    if ((digit & kMoreBit) != 0) continue;
    const bool negative = (digit & kSignBit) != 0;
    return negative ? value - (std::int64_t{1} << (kDigitBits * (digits + 1))) : value;
  }
  throw_malformed("a number is too long");
}

/// Run lengths that cover `pixels` exactly.
std::vector<std::int64_t> parse_counts(std::string_view text, std::int64_t pixels) {
  std::vector<std::int64_t> counts;
  std::int64_t covered = 0;
  while (!text.empty()) {
    std::int64_t count = take_number(text);
    if (counts.size() > 2) count += counts[counts.size() - 2];
    if (count < 0) throw_malformed("a run is negative");
    if (count > pixels - covered) throw_malformed("the runs are longer than the mask");
    covered += count;
    counts.push_back(count);
  }
  if (covered != pixels) throw_malformed("the runs are shorter than the mask");
  return counts;
}

std::size_t checked_area(Size size) {
  if (size.width < 0 || size.height < 0) throw InvalidParameterError("A mask cannot have a negative size.");
  return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
}

}  // namespace

namespace vision {

void RunLengthWriter::flip_at(std::uint64_t position) {
  if (!flips_.empty() && flips_.back() == position) {
    flips_.pop_back();
  } else {
    flips_.push_back(position);
  }
}

std::string RunLengthWriter::finish(std::uint64_t pixels) {
  if (!flips_.empty() && flips_.back() >= pixels) flips_.pop_back();
  flips_.push_back(pixels);
  std::string text;
  text.reserve(2 * flips_.size() + 8);
  std::array<std::int64_t, 3> last{};  // the three most recent counts
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < flips_.size(); ++i) {
    const auto count = static_cast<std::int64_t>(flips_[i] - begin);
    begin = flips_[i];
    append_number(i > 2 ? count - last[(i - 2) % 3] : count, text);
    last[i % 3] = count;
  }
  flips_.clear();
  return text;
}

}  // namespace vision

std::vector<std::uint8_t> decode_rle(std::string_view counts, Size size) {
  const std::size_t pixels = checked_area(size);
  const std::vector<std::int64_t> runs = parse_counts(counts, static_cast<std::int64_t>(pixels));
  std::vector<std::uint8_t> mask(pixels);
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  std::size_t position = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t end = position + static_cast<std::size_t>(runs[i]);
    if (i % 2 == 1) {
      for (std::size_t p = position; p < end; ++p) mask[p % height * width + p / height] = 1;
    }
    position = end;
  }
  return mask;
}

std::string encode_rle(std::span<const std::uint8_t> mask, Size size) {
  if (mask.size() != checked_area(size)) {
    throw InvalidParameterError("The mask has " + std::to_string(mask.size()) + " bytes, its size says " +
                                std::to_string(checked_area(size)) + ".");
  }
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  vision::RunLengthWriter writer;
  bool set = false;
  for (std::size_t x = 0; x < width; ++x) {
    for (std::size_t y = 0; y < height; ++y) {
      if ((mask[y * width + x] != 0) == set) continue;
      set = !set;
      writer.flip_at(x * height + y);
    }
  }
  return writer.finish(mask.size());
}

}  // namespace inference_exp
