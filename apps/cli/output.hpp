// Results as text: a table for people, JSON for programs.
#pragma once

#include <cstddef>
#include <fstream>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frames.hpp"
#include "predictor.hpp"

namespace inference_exp::cli {

/// A destination for text: a file, or stdout for "-". Throws InvalidParameterError when the file can't be written.
class TextSink {
 public:
  explicit TextSink(const std::string& destination);
  [[nodiscard]] std::ostream& stream();
  /// Flushes; throws std::runtime_error when not everything could be written.
  void finish();

 private:
  std::ofstream file_;
  bool to_stdout_;
};

/// One line per detection on stdout; columns are as wide as the longest file and class name.
class Table {
 public:
  Table(std::span<const Source> sources, std::span<const std::string> class_names);
  void add(std::string_view file, const Frame& frame, const Detections& detections);

 private:
  std::span<const std::string> class_names_;
  std::size_t file_width_ = 4;
  std::size_t class_width_ = 5;
  bool header_written_ = false;
};

/// A JSON array that grows by one object per picture (schema: docs/cli.md).
class JsonResults {
 public:
  explicit JsonResults(const std::string& destination);
  void add(std::string_view file, const Frame& frame, std::string_view predictions);
  void finish();

 private:
  TextSink sink_;
  bool empty_ = true;
};

}  // namespace inference_exp::cli
