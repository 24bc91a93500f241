#include "runtime/probe_texts.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/text.hpp"

namespace inference_exp::runtime {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

/// "a", "a.b", ... at the start of `text`, of at most `max_parts` numbers; empty where there is none.
std::string_view version_at_start(std::string_view text, int max_parts) {
  std::size_t length = count_digits(text);
  for (int part = 1; part < max_parts && length > 0; ++part) {
    if (length >= text.size() || text[length] != '.') break;
    const std::size_t digits = count_digits(text.substr(length + 1));
    if (digits == 0) break;
    length += 1 + digits;
  }
  return text.substr(0, length);
}

/// Cuts the first line off `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The rest of `line` when it starts with `key`, trimmed.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  return trim(line.substr(key.size()));
}

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value[0];
  return quoted ? value.substr(1, value.size() - 2) : value;
}

struct DpkgEntry {
  std::string_view package;
  std::string_view status;
  std::string_view version;
};

/// Cuts the first entry off `text`: the lines up to an empty one.
DpkgEntry take_dpkg_entry(std::string_view& text) {
  DpkgEntry entry;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (trim(line).empty()) break;
    if (const auto package = value_of(line, "Package:")) entry.package = *package;
    if (const auto status = value_of(line, "Status:")) entry.status = *status;
    if (const auto version = value_of(line, "Version:")) entry.version = *version;
  }
  return entry;
}

/// The digits of the first "R<digits>"; empty where there is none.
std::string_view major_release(std::string_view text) {
  for (std::size_t at = text.find('R'); at != std::string_view::npos; at = text.find('R', at + 1)) {
    if (const std::string_view digits = version_at_start(text.substr(at + 1), 1); !digits.empty()) return digits;
  }
  return {};
}

/// The first that a board's name starts with is its kind, so the longer of two like names stands first.
constexpr std::array<std::string_view, 9> kJetsonTypes{
    "nvidia-jetson-orin-nano",  "nvidia-jetson-orin-nx",   "nvidia-jetson-agx-orin",
    "nvidia-jetson-igx-orin",   "nvidia-jetson-xavier-nx", "nvidia-jetson-agx-xavier-industrial",
    "nvidia-jetson-agx-xavier", "nvidia-jetson-nano",      "nvidia-jetson-tx2"};

}  // namespace

std::optional<std::string> parse_driver_version(std::string_view text) {
  std::string_view line = take_line(text);
  while (!line.empty()) {
    const std::string_view version = version_at_start(line, 3);
    if (version.find('.') != std::string_view::npos) return std::string(version);
    line.remove_prefix(std::max<std::size_t>(version.size(), 1));
  }
  return std::nullopt;
}

std::optional<std::string> parse_l4t_release(std::string_view text) {
  constexpr std::string_view kRevision = "REVISION:";
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t revision = line.find(kRevision);
    if (revision == std::string_view::npos) continue;
    const std::string_view major = major_release(line.substr(0, revision));
    const std::string_view rest = version_at_start(trim(line.substr(revision + kRevision.size())), 2);
    if (!major.empty() && !rest.empty()) return std::string(major) + "." + std::string(rest);
  }
  return std::nullopt;
}

std::optional<std::string> parse_os_release(std::string_view text) {
  std::string_view name;
  std::string_view version;
  while (!text.empty()) {
    const std::string_view line = trim(take_line(text));
    if (const auto value = value_of(line, "NAME=")) name = unquoted(*value);
    if (const auto value = value_of(line, "VERSION_ID=")) version = unquoted(*value);
  }
  if (name.empty()) return std::nullopt;
  return plain_name(version.empty() ? std::string(name) : std::string(name) + "-" + std::string(version));
}

std::optional<std::string> find_dpkg_version(std::string_view status, std::string_view prefix) {
  DpkgEntry first;
  while (!status.empty()) {
    const DpkgEntry entry = take_dpkg_entry(status);
    // Also entries of removed packages stay in the file.
    const bool installed = entry.status.ends_with(" installed") && !entry.version.empty();
    if (!installed || !entry.package.starts_with(prefix)) continue;
    if (first.package.empty() || entry.package < first.package) first = entry;
  }
  if (first.package.empty()) return std::nullopt;
  return std::string(first.version);
}

std::optional<std::string> resolve_jetson_type(std::string_view board) {
  const std::string name = plain_name(board);
  const auto* type = std::ranges::find_if(kJetsonTypes, [&](std::string_view kind) { return name.starts_with(kind); });
  if (type == kJetsonTypes.end()) return std::nullopt;
  return std::string(*type);
}

std::string plain_name(std::string_view name) {
  // Strings of the device tree end with NUL.
  std::string result = lower_case(trim(name.substr(0, name.find('\0'))));
  std::ranges::replace(result, ' ', '-');
  return result;
}

}  // namespace inference_exp::runtime
