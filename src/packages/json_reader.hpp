// Typed access to a JSON document, value by value. Every error names the file, the path of the key, what was expected
// there and what was found, so that parsers can simply say what they want.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/json.hpp"

namespace inference_exp::packages {

/// One word of a file format and what it stands for.
template <typename T>
struct Word {
  std::string_view text;
  T value;
};

/// So much of a foreign text is quoted in an error.
inline constexpr std::size_t kQuotedLength = 40;

/// The beginning of `text`, quoted for an error.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A value of a document together with the path that leads to it. Borrows document and file name.
class JsonReader {
 public:
  JsonReader(const Json& document, std::string_view file) : JsonReader(document, file, {}) {}

  /// The member `key` of this object, neither absent nor null.
  [[nodiscard]] JsonReader required(std::string_view key) const;
  /// The member `key` of this object, or nothing where it is absent or null.
  [[nodiscard]] std::optional<JsonReader> optional(std::string_view key) const;
  /// The same, read by `read`.
  template <typename Read>
  [[nodiscard]] auto optional(std::string_view key, Read read) const
      -> std::optional<std::invoke_result_t<Read, const JsonReader&>> {
    if (const std::optional<JsonReader> member = optional(key)) return std::invoke(read, *member);
    return std::nullopt;
  }

  /// The elements of this array.
  [[nodiscard]] std::vector<JsonReader> elements() const;
  /// The elements of this array of exactly `count`, which errors call `what`.
  [[nodiscard]] std::vector<JsonReader> elements(std::size_t count, std::string_view what) const;
  /// The members of this object, by key.
  [[nodiscard]] std::vector<std::pair<std::string, JsonReader>> members() const;

  [[nodiscard]] const Json& object() const;
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] bool boolean() const;
  // Numbers may also be written as strings, since the original's own packages do.
  /// A whole number (640, 640.0 or "640") within [low, high].
  [[nodiscard]] std::int32_t integer(std::int32_t low, std::int32_t high) const;
  /// A number within [low, high].
  [[nodiscard]] double number(double low, double high) const;
  /// A number that stays a number, and other than 0, as a 32-bit float.
  [[nodiscard]] double nonzero_float() const;
  /// A number that a 32-bit float can hold.
  [[nodiscard]] float any_float() const;

  /// One of the given words.
  template <typename T>
  [[nodiscard]] T one_of(std::span<const Word<T>> words) const {
    std::string expected;
    for (const Word<T>& word : words) {
      if (value_->is_string() && value_->get_ref<const std::string&>() == word.text) return word.value;
      expected += expected.empty() ? "one of \"" : ", \"";
      expected += word.text;
      expected += '"';
    }
    fail(expected);
  }

  [[nodiscard]] const Json& value() const noexcept { return *value_; }
  /// Throws CorruptedModelPackageError: this value must be `expected`.
  [[noreturn]] void fail(std::string_view expected) const;

 private:
  JsonReader(const Json& value, std::string_view file, std::string path)
      : value_(&value), file_(file), path_(std::move(path)) {}
  [[nodiscard]] JsonReader member(std::string_view key, const Json& value) const;
  [[nodiscard]] std::optional<double> as_number() const;

  const Json* value_;
  std::string_view file_;
  std::string path_;
};

}  // namespace inference_exp::packages
