#include "text/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/file.hpp"
#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "text/code_points.hpp"
#include "text/gzip.hpp"

namespace inference_exp::text {

namespace {

constexpr std::size_t kMaxUnpackedSize = std::size_t{16} << 20;
constexpr std::size_t kSlots = std::size_t{1} << 17;  // more than twice the merges
static_assert(kEndOfText <= std::numeric_limits<std::uint16_t>::max());

/// Ids of bytes: those that print come first, in two runs, then the others.
constexpr std::array<std::uint8_t, 256> make_byte_order() noexcept {
  std::array<std::uint8_t, 256> order{};
  std::uint8_t next = 0;
  const auto prints = [](unsigned byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
  };
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (prints(byte)) order.at(byte) = next++;
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!prints(byte)) order.at(byte) = next++;
  }
  return order;
}
constexpr std::array<std::uint8_t, 256> kByteOrder = make_byte_order();

[[noreturn]] void refuse(std::string_view name, const std::string& what) {
  throw CorruptedModelPackageError(
      "The vocabulary " + std::string(name) + " is not CLIP's: " + what + ".",
      "Use the file bpe_simple_vocab_16e6.txt.gz as OpenAI published it with CLIP, or its unpacked text.");
}

/// The file writes bytes that do not print as the characters from U+0100 on.
std::unordered_map<std::string, std::int32_t> byte_symbols() {
  constexpr std::int32_t kPrinting = 188;
  std::unordered_map<std::string, std::int32_t> ids;
  ids.reserve(kFirstMerge + kMergeCount);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::int32_t id = kByteOrder.at(byte);
    std::string symbol;
    append_utf8(id < kPrinting ? byte : static_cast<char32_t>(0x100 + id - kPrinting), symbol);
    ids.emplace(symbol, id);
    ids.emplace(symbol + "</w>", id + 256);
  }
  return ids;
}

/// The next line, without its end; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(line);
}

std::uint32_t pair_of(std::int32_t left, std::int32_t right) noexcept {
  return (static_cast<std::uint32_t>(left) << 16U) | static_cast<std::uint32_t>(right);
}

}  // namespace

Vocabulary::Vocabulary(std::string_view merges, std::string_view name) : slots_(kSlots) {
  const std::optional<std::string_view> header = take_line(merges);
  if (!header || header->find("#version: 0.2") == std::string_view::npos) {
    refuse(name, "its first line does not say \"#version: 0.2\"");
  }
  std::unordered_map<std::string, std::int32_t> ids = byte_symbols();
  for (std::size_t i = 0; i < kMergeCount; ++i) {
    const auto at_line = [i] { return "line " + std::to_string(i + 2); };
    const std::optional<std::string_view> line = take_line(merges);
    if (!line) refuse(name, "it ends before " + at_line() + ", and so before the last of the 48894 merges");
    const std::size_t blank = std::min(line->find(' '), line->size());
    const auto left = ids.find(std::string(line->substr(0, blank)));
    const auto right = ids.find(std::string(line->substr(std::min(blank + 1, line->size()))));
    if (left == ids.end() || right == ids.end()) refuse(name, at_line() + " does not merge two known symbols");
    const std::int32_t id = kFirstMerge + static_cast<std::int32_t>(i);
    const std::uint32_t pair = pair_of(left->second, right->second);
    if (!ids.emplace(left->first + right->first, id).second) refuse(name, at_line() + " repeats a symbol");
    slots_[slot_of(pair)] = {pair, static_cast<std::uint16_t>(id)};
  }
}

std::int32_t Vocabulary::byte_id(std::uint8_t byte, bool ends_word) noexcept {
  return kByteOrder[byte] + (ends_word ? 256 : 0);
}

std::size_t Vocabulary::slot_of(std::uint32_t pair) const noexcept {
  constexpr unsigned kShift = 32 - std::countr_zero(kSlots);
  std::size_t slot = (pair * 0x9E3779B1U) >> kShift;
  while (slots_[slot].merged != 0 && slots_[slot].pair != pair) slot = (slot + 1) % kSlots;
  return slot;
}

std::optional<std::int32_t> Vocabulary::merge(std::int32_t left, std::int32_t right) const noexcept {
  const Slot& slot = slots_[slot_of(pair_of(left, right))];
  return slot.merged != 0 ? std::optional<std::int32_t>(slot.merged) : std::nullopt;
}

std::shared_ptr<const Vocabulary> read_vocabulary(const std::filesystem::path& file) {
  std::string content = read_text_file(file);
  if (is_gzip(content)) {
    std::optional<std::string> unpacked = unpack_gzip(content, kMaxUnpackedSize);
    if (!unpacked) refuse(file.string(), "its gzip data are damaged, cut short, or larger than 16 MiB unpacked");
    content = std::move(*unpacked);
  }
  return std::make_shared<const Vocabulary>(content, file.string());
}

}  // namespace inference_exp::text
