// Plain text in columns, for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inference_exp::cli {

/// Rows under titles. Columns are as wide as their widest cell and two blanks apart; no line ends with a blank.
class TextTable {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit TextTable(std::vector<Column> columns);
  /// One cell for each column. Characters that would move the cursor become '?'.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  void print(std::ostream& out) const;

 private:
  void print_line(std::ostream& out, const std::vector<std::string>& cells,
                  const std::vector<std::size_t>& widths) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "name: value" lines with values below each other; lines without a value are left out.
void print_facts(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& facts);

/// `text` with '?' for every control character: what comes from elsewhere must not steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// "12.34 MB" up to 512 MB, then "0.51 GB"; a MB is a million bytes.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& parts);

}  // namespace inference_exp::cli
