#include "packages/names_literal.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "core/text.hpp"

namespace inference_exp::packages {

namespace {

constexpr std::size_t kMaxLength = std::size_t{1} << 20;

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Walks over the text once; every function that returns nothing or false means "not such a text".
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(trim(text)) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  bool take(char wanted) {
    skip_blanks();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> string() {
    skip_blanks();
    if (!rest_.starts_with('\'') && !rest_.starts_with('"')) return std::nullopt;
    const char quote = take_char();
    std::string value;
    while (!rest_.empty()) {
      const char c = take_char();
      if (c == quote) return is_utf8_text(value) ? std::optional(std::move(value)) : std::nullopt;
      if (c != '\\') {
        value += c;
      } else if (!escape(value)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  /// 12 or "12".
  std::optional<std::int32_t> id() {
    skip_blanks();
    if (rest_.starts_with('\'') || rest_.starts_with('"')) {
      const std::optional<std::string> quoted = string();
      return quoted ? parse_decimal(*quoted) : std::nullopt;
    }
    const std::string_view digits = rest_.substr(0, rest_.find_first_not_of("0123456789"));
    rest_.remove_prefix(digits.size());
    return parse_decimal(digits);
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && trim(rest_.substr(0, 1)).empty()) rest_.remove_prefix(1);
  }

  char take_char() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::optional<std::uint32_t> hex(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + digits, code, 16);
    if (error != std::errc() || end != rest_.data() + digits) return std::nullopt;
    rest_.remove_prefix(digits);
    return code;
  }

  /// JSON writes characters above U+FFFF as two escapes.
  std::optional<std::uint32_t> low_surrogate() {
    if (!rest_.starts_with("\\u")) return std::nullopt;
    rest_.remove_prefix(2);
    const std::optional<std::uint32_t> code = hex(4);
    return code && *code >= 0xDC00 && *code <= 0xDFFF ? code : std::nullopt;
  }

  bool append_code(std::optional<std::uint32_t> code, std::string& value) {
    if (code && *code >= 0xD800 && *code <= 0xDBFF) {
      const std::optional<std::uint32_t> low = low_surrogate();
      if (!low) return false;
      code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
    }
    if (!code || *code > 0x10FFFF) return false;
    append_utf8(*code, value);  // a lone low surrogate is found when the finished string is checked
    return true;
  }

  bool escape(std::string& value) {
    if (rest_.empty()) return false;
    constexpr std::pair<std::string_view, std::string_view> kPlain{"\\'\"/nrtbfav", "\\'\"/\n\r\t\b\f\a\v"};
    const char letter = take_char();
    if (const std::size_t found = kPlain.first.find(letter); found != std::string_view::npos) {
      value += kPlain.second[found];
      return true;
    }
    if (letter == 'x') return append_code(hex(2), value);
    if (letter == 'u') return append_code(hex(4), value);
    if (letter == 'U') return append_code(hex(8), value);
    return false;
  }

  std::string_view rest_;
};

/// Calls `item` for every element up to `close`, with commas between them and perhaps one at the end.
template <typename Item>
bool take_items(Scanner& scanner, char close, Item item) {
  while (!scanner.take(close)) {
    if (!item()) return false;
    if (scanner.take(',')) continue;
    return scanner.take(close);
  }
  return true;
}

bool take_list(Scanner& scanner, char close, std::vector<std::string>& names) {
  return take_items(scanner, close, [&] {
    std::optional<std::string> name = scanner.string();
    if (!name) return false;
    names.push_back(*std::move(name));
    return true;
  });
}

bool take_dictionary(Scanner& scanner, std::vector<std::string>& names) {
  std::vector<std::pair<std::int32_t, std::string>> entries;
  const bool complete = take_items(scanner, '}', [&] {
    const std::optional<std::int32_t> id = scanner.id();
    if (!id || !scanner.take(':')) return false;
    std::optional<std::string> name = scanner.string();
    if (!name) return false;
    entries.emplace_back(*id, *std::move(name));
    return true;
  });
  if (!complete) return false;

  std::vector<bool> seen(entries.size());
  names.resize(entries.size());
  for (auto& [id, name] : entries) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= entries.size() || seen[index]) return false;
    seen[index] = true;
    names[index] = std::move(name);
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> parse_names_literal(std::string_view text) {
  if (text.size() > kMaxLength) return std::nullopt;
  Scanner scanner(text);
  std::vector<std::string> names;
  const bool complete = scanner.take('{')   ? take_dictionary(scanner, names)
                        : scanner.take('[') ? take_list(scanner, ']', names)
                                            : scanner.take('(') && take_list(scanner, ')', names);
  if (!complete || !scanner.at_end() || names.empty()) return std::nullopt;
  return names;
}

}  // namespace inference_exp::packages
