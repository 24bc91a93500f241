#include "text_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

namespace inference_exp::cli {
namespace {

/// In characters: bytes that continue one are not counted.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

void TextTable::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

void TextTable::print(std::ostream& out) const {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    widths.push_back(width_of(column.title));
  }
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  print_line(out, titles, widths);
  for (const std::vector<std::string>& row : rows_) print_line(out, row, widths);
}

void TextTable::print_line(std::ostream& out, const std::vector<std::string>& cells,
                           const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - width_of(cells[i]), ' ');
    if (i > 0) line += "  ";
    line += columns_[i].align == Align::left ? cells[i] + padding : padding + cells[i];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << line << '\n';
}

void print_facts(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& facts) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts) {
    if (!value.empty()) width = std::max(width, width_of(name));
  }
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    out << name << ':' << std::string(width - width_of(name) + 1, ' ') << printable(value) << '\n';
  }
}

std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(
      result,
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
      },
      '?');
  return result;
}

std::string size_text(std::uint64_t bytes) {
  constexpr double kMega = 1e6;
  constexpr double kGiga = 1e9;
  constexpr double kLargestMega = 512 * kMega;
  const auto value = static_cast<double>(bytes);
  const bool mega = value <= kLargestMega;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), mega ? "%.2f MB" : "%.2f GB", value / (mega ? kMega : kGiga));
  return text.data();
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace inference_exp::cli
