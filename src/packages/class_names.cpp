#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Cuts the first line off `text`; lines end in "\n", "\r\n" or "\r".
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  text.remove_prefix(line.size());
  if (!text.empty()) text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
  return line;
}

}  // namespace

std::vector<std::string> parse_class_names(std::string_view text, std::string_view file) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> names;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view line = take_line(text);
    if (!is_utf8_text(line)) {
      throw CorruptedModelPackageError(
          std::string(file) + ": line " + std::to_string(line_number) + " must be UTF-8 text.",
          "Save the file as UTF-8, one class name per line.");
    }
    if (const std::string_view name = trim(line); !name.empty()) names.emplace_back(name);
  }
  if (names.empty()) {
    throw CorruptedModelPackageError(std::string(file) + ": at least one class name is expected, there is none.",
                                     "Write one class name per line, in the order of the class ids.");
  }
  return names;
}

}  // namespace inference_exp::packages
