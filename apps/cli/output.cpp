#include "output.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "inference_exp/errors.hpp"

namespace inference_exp::cli {
namespace {

std::string class_name(std::int32_t id, std::span<const std::string> names) {
  const auto index = static_cast<std::size_t>(id);
  return id >= 0 && index < names.size() ? names[index] : std::to_string(id);
}

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string row_name(std::string_view file, const Frame& frame) {
  return frame.video ? std::string(file) + "#" + std::to_string(frame.video->frame) : std::string(file);
}

/// File names are bytes, JSON is UTF-8: what is not becomes U+FFFD.
std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

TextSink::TextSink(const std::string& destination) : to_stdout_(destination == "-") {
  if (to_stdout_) return;
  file_.open(destination, std::ios::binary | std::ios::trunc);
  if (!file_) {
    throw InvalidParameterError("'" + destination + "' can't be written.",
                                "Name a file in a folder that exists and that you may write to.");
  }
}

std::ostream& TextSink::stream() { return to_stdout_ ? std::cout : file_; }

void TextSink::finish() {
  if (!stream().flush()) throw std::runtime_error("Results could not be written completely. Is the disk full?");
}

Table::Table(std::span<const Source> sources, std::span<const std::string> class_names) : class_names_(class_names) {
  constexpr std::size_t kFrameDigits = 7;
  for (const Source& source : sources) {
    const std::size_t extra = source.kind == SourceKind::image ? 0 : kFrameDigits;
    file_width_ = std::max(file_width_, source.name.size() + extra);
  }
  for (const std::string& name : class_names) class_width_ = std::max(class_width_, name.size());
}

void Table::add(std::string_view file, const Frame& frame, const Detections& detections) {
  const auto file_width = static_cast<int>(file_width_);
  const auto class_width = static_cast<int>(class_width_);
  std::cout << std::left;
  if (!header_written_) {
    std::cout << std::setw(file_width) << "FILE"
              << "  " << std::setw(class_width) << "CLASS"
              << "  CONFIDENCE  BOX (X_MIN Y_MIN X_MAX Y_MAX)\n";
    header_written_ = true;
  }
  const std::string name = row_name(file, frame);
  if (detections.empty()) std::cout << std::setw(file_width) << name << "  (nothing found)\n";
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const Detection row = detections[i];
    std::cout << std::left << std::setw(file_width) << name << "  " << std::setw(class_width)
              << class_name(row.class_id, class_names_) << "  " << std::right << std::setw(10)
              << fixed(static_cast<double>(row.confidence), 2) << "  " << std::setw(5) << row.box.x_min << ' '
              << std::setw(5) << row.box.y_min << ' ' << std::setw(5) << row.box.x_max << ' ' << std::setw(5)
              << row.box.y_max << '\n';
  }
  std::cout.flush();
}

JsonResults::JsonResults(const std::string& destination) : sink_(destination) {}

void JsonResults::add(std::string_view file, const Frame& frame, std::string_view predictions) {
  std::ostream& out = sink_.stream();
  out << (empty_ ? "[\n" : ",\n") << "{\"file\":" << quoted(file) << ",\"width\":" << frame.pixels.cols
      << ",\"height\":" << frame.pixels.rows;
  if (frame.video) {
    out << ",\"frame\":" << frame.video->frame << ",\"timestamp\":" << fixed(frame.video->timestamp, 6);
  }
  out << ",\"predictions\":" << predictions << '}';
  empty_ = false;
}

void JsonResults::finish() {
  sink_.stream() << (empty_ ? "[]\n" : "\n]\n");
  sink_.finish();
}

}  // namespace inference_exp::cli
