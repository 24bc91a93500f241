#include "hub/identifiers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "core/text.hpp"
#include "hub/hashing.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

constexpr std::size_t kLongestSlug = 48;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kModelDigestBytes = 16;
constexpr std::size_t kLongestQuote = 80;

bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_dash(char c) noexcept { return c == '-' || c == '_'; }
bool is_handle_character(char c) noexcept { return is_alphanumeric(c) || is_dash(c) || c == '.'; }

bool is_line_of_text(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return is_utf8_text(text) && std::ranges::none_of(text, is_control);
}

/// Outside text as it may stand in a message.
std::string quoted(std::string_view text) {
  const std::string shown = is_line_of_text(text) ? std::string(shorten(text, kLongestQuote)) : "(not text)";
  return "\"" + shown + "\"";
}

/// Names that open a device on Windows, whatever follows after a dot.
bool is_device_name(std::string_view name) {
  const std::string stem = lower_case(name.substr(0, name.find('.')));
  constexpr std::array<std::string_view, 4> kDevices{"con", "prn", "aux", "nul"};
  if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) && stem[3] >= '1' && stem[3] <= '9';
}

/// What locks, downloads and atomic writes put beside a file.
bool is_working_file(std::string_view segment) {
  const std::string name = lower_case(segment);
  if (!name.starts_with('.')) return false;
  constexpr std::array<std::string_view, 4> kEndings{".lock", ".part", ".part.json", ".tmp"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_reserved_first_segment(std::string_view segment) {
  const std::string name = lower_case(segment);
  return name == "model_config.json" || name == "model_dependencies" || name == "dependencies";
}

std::vector<std::string_view> segments_of(std::string_view handle) {
  std::vector<std::string_view> segments;
  while (true) {
    const std::size_t slash = handle.find('/');
    segments.push_back(handle.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    handle.remove_prefix(slash + 1);
  }
}

/// Why the handle can't be a file of a package; empty when it can.
std::string_view objection_to(std::string_view handle) {
  const std::vector<std::string_view> segments = segments_of(handle);
  for (const std::string_view segment : segments) {
    if (segment.empty()) return "has an empty part";
    if (segment.size() > kLongestName) return "has a part of more than 255 characters";
    if (segment == "." || segment == "..") return "leads out of its folder";
    if (!std::ranges::all_of(segment, is_handle_character)) return "has other characters than A-Z a-z 0-9 . _ - and /";
    if (segment.ends_with('.')) return "has a part that ends with a dot";
    if (is_device_name(segment)) return "has a part that some systems take for a device";
    if (is_working_file(segment)) return "looks like a lock or a temporary file of the cache";
  }
  if (is_reserved_first_segment(segments.front())) return "takes a name that the cache itself writes";
  return {};
}

[[noreturn]] void refuse_file(std::string_view package_id, std::string_view handle, std::string_view what) {
  throw CorruptedModelPackageError("The package " + std::string(package_id) + " announces the file " + quoted(handle) +
                                       ", which " + std::string(what) + ".",
                                   "Nothing was written. Choose another package, or tell the provider of the model.");
}

/// No file twice, and no file that is also a folder, also where a file system takes upper and lower case for the same.
void check_clashes(std::string_view package_id, std::span<const PackageFile> files) {
  std::map<std::string, std::string_view> handles;
  for (const PackageFile& file : files) {
    if (!handles.emplace(lower_case(file.handle), file.handle).second) {
      refuse_file(package_id, file.handle, "is there twice");
    }
  }
  for (const auto& [name, handle] : handles) {
    for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      if (handles.contains(name.substr(0, slash))) refuse_file(package_id, handle, "lies below another file");
    }
  }
}

}  // namespace

void check_model_id(std::string_view model_id) {
  if (trim(model_id).empty() || !is_line_of_text(model_id)) {
    throw InvalidParameterError("The model id " + quoted(model_id) + " is blank or not a line of text.",
                                R"(Pass an id such as "rfdetr-base" or "workspace/project/1".)");
  }
}

std::string slug_of(std::string_view model_id) {
  std::string slug;
  bool foreign_run = false;
  for (const char c : model_id) {
    const bool foreign = !is_alphanumeric(c) && !is_dash(c);
    if (!foreign) slug += c;
    if (foreign && !foreign_run) slug += '-';
    foreign_run = foreign;
  }
  std::string result;
  for (std::size_t i = 0; i < slug.size();) {
    std::size_t end = i;
    while (end < slug.size() && is_dash(slug[end])) ++end;
    result += end - i >= 2 ? '-' : slug[i];
    i = std::max(end, i + 1);
  }
  if (result.empty()) result = "special-char-only-model-id";
  return result.substr(0, kLongestSlug);
}

std::string model_folder_name(std::string_view model_id) {
  return "v2-" + slug_of(model_id) + "-" + blake2s_hex(model_id, kModelDigestBytes);
}

void check_package_id(std::string_view package_id) {
  const bool plain = !package_id.empty() && package_id.size() <= kLongestName &&
                     std::ranges::all_of(package_id, is_alphanumeric) && !is_device_name(package_id);
  if (!plain) {
    throw InsecureModelIdentifierError(
        "The package id " + quoted(package_id) + " cannot be the name of a folder.",
        "A package id has 1 to 255 letters and digits and is no device name such as \"con\".");
  }
}

void check_package_files(std::string_view package_id, std::span<const PackageFile> files) {
  for (const PackageFile& file : files) {
    if (const std::string_view objection = objection_to(file.handle); !objection.empty()) {
      refuse_file(package_id, file.handle, objection);
    }
    if (file.md5 && !is_hex_digest(*file.md5, HashKind::md5)) {
      refuse_file(package_id, file.handle, "has an MD5 that is not 32 lower-case hex digits");
    }
  }
  check_clashes(package_id, files);
}

}  // namespace inference_exp::hub
