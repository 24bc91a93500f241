#include "packages/json_reader.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::packages {

namespace {

std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array of " + std::to_string(value.size());
    case Json::value_t::string:
      return "the string " + in_quotes(value.get_ref<const std::string&>());
    default:
      return value.dump();
  }
}

std::string range(double low, double high) { return "from " + Json(low).dump() + " to " + Json(high).dump(); }

std::string integer_range(std::int32_t low, std::int32_t high) {
  if (high == std::numeric_limits<std::int32_t>::max()) return "a whole number of at least " + std::to_string(low);
  return "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
}

}  // namespace

std::string in_quotes(std::string_view text) { return '"' + std::string(shorten(text, kQuotedLength)) + '"'; }

void JsonReader::fail(std::string_view expected) const {
  const std::string where = path_.empty() ? "the document" : path_;
  throw CorruptedModelPackageError(
      std::string(file_) + ": " + where + " must be " + std::string(expected) + ", found " + describe(*value_) + ".",
      "Correct " + where + " in that file, or download or export the package again.");
}

JsonReader JsonReader::member(std::string_view key, const Json& value) const {
  const std::string_view name = shorten(key, kQuotedLength);
  return {value, file_, path_.empty() ? std::string(name) : path_ + '.' + std::string(name)};
}

JsonReader JsonReader::required(std::string_view key) const {
  if (std::optional<JsonReader> found = optional(key)) return *std::move(found);
  const std::string path = member(key, *value_).path_;
  throw CorruptedModelPackageError(std::string(file_) + ": the key " + path + " is missing.",
                                   "Add " + path + " to that file, or download or export the package again.");
}

std::optional<JsonReader> JsonReader::optional(std::string_view key) const {
  const Json& fields = object();
  const auto found = fields.find(key);
  if (found == fields.end() || found->is_null()) return std::nullopt;
  return member(key, *found);
}

std::vector<JsonReader> JsonReader::elements() const {
  if (!value_->is_array()) fail("an array");
  std::vector<JsonReader> result;
  result.reserve(value_->size());
  for (const Json& element : *value_) {
    result.push_back(JsonReader(element, file_, path_ + '[' + std::to_string(result.size()) + ']'));
  }
  return result;
}

std::vector<JsonReader> JsonReader::elements(std::size_t count, std::string_view what) const {
  if (!value_->is_array() || value_->size() != count) {
    fail("an array of " + std::to_string(count) + ' ' + std::string(what));
  }
  return elements();
}

std::vector<std::pair<std::string, JsonReader>> JsonReader::members() const {
  std::vector<std::pair<std::string, JsonReader>> result;
  const Json& fields = object();
  result.reserve(fields.size());
  for (const auto& [key, value] : fields.items()) result.emplace_back(key, member(key, value));
  return result;
}

const Json& JsonReader::object() const {
  if (!value_->is_object()) fail("an object");
  return *value_;
}

const std::string& JsonReader::text() const {
  if (!value_->is_string()) fail("a string");
  return value_->get_ref<const std::string&>();
}

bool JsonReader::boolean() const {
  if (!value_->is_boolean()) fail("true or false");
  return value_->get<bool>();
}

std::optional<double> JsonReader::as_number() const {
  if (value_->is_number()) return value_->get<double>();
  if (!value_->is_string()) return std::nullopt;
  const std::string_view text = trim(value_->get_ref<const std::string&>());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::int32_t JsonReader::integer(std::int32_t low, std::int32_t high) const {
  // Every 32-bit integer is exact as a double, and a larger one stays outside the range.
  const std::optional<double> number = as_number();
  if (number && *number >= low && *number <= high && *number == std::trunc(*number)) {
    return static_cast<std::int32_t>(*number);
  }
  fail(integer_range(low, high));
}

double JsonReader::number(double low, double high) const {
  const std::optional<double> number = as_number();
  if (number && *number >= low && *number <= high) return *number;
  fail("a number " + range(low, high));
}

double JsonReader::nonzero_float() const {
  const std::optional<double> number = as_number();
  // A subnormal divisor would turn pixels into infinities.
  if (number && std::isnormal(static_cast<float>(*number))) return *number;
  fail("a number other than 0 in the range of a 32-bit float");
}

float JsonReader::any_float() const {
  const std::optional<double> number = as_number();
  if (number && std::abs(*number) <= std::numeric_limits<float>::max()) return static_cast<float>(*number);
  fail("a number in the range of a 32-bit float");
}

}  // namespace inference_exp::packages
