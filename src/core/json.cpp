#include "core/json.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/text.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

constexpr std::size_t kLongestQuote = 120;

[[noreturn]] void refuse(std::string_view file, const std::string& what) {
  throw CorruptedModelPackageError(std::string(file) + ": " + what,
                                   "Correct that file, or download or export the package again.");
}

/// The parser's reason without its own prefix and without the text it quotes, which may be long or not even UTF-8.
std::string reason(std::string_view what) {
  if (what.starts_with('[')) what.remove_prefix(std::min(what.find("] ") + 2, what.size()));
  what = shorten(what.substr(0, what.find("; last read")), kLongestQuote);
  return is_utf8_text(what) ? std::string(what) : "the text cannot be read";
}

/// Walks over the events of a document before it is built, and refuses what JSON alone would let pass. A separate walk,
/// because the filter that the JSON library offers while building takes quadratic time on long arrays.
class Inspector final : public nlohmann::json_sax<Json> {
 public:
  explicit Inspector(std::string_view file) : file_(file) {}

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }

  bool start_object(std::size_t /*size*/) override {
    keys_of_open_objects_.emplace_back();
    return enter();
  }
  bool key(string_t& key) override {
    if (!keys_of_open_objects_.back().insert(key).second) {
      refuse(file_, "the key \"" + std::string(shorten(key, kLongestQuote)) + "\" appears twice in one object.");
    }
    return true;
  }
  bool end_object() override {
    keys_of_open_objects_.pop_back();
    return leave();
  }
  bool start_array(std::size_t /*size*/) override { return enter(); }
  bool end_array() override { return leave(); }

  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/, const Json::exception& error) override {
    refuse(file_, "is not valid JSON: " + reason(error.what()) + ".");
  }

 private:
  bool enter() {
    if (++depth_ > kMaxJsonDepth) {
      refuse(file_, "nests deeper than " + std::to_string(kMaxJsonDepth) + " levels.");
    }
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::string_view file_;
  std::size_t depth_ = 0;
  std::vector<std::set<std::string>> keys_of_open_objects_;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view file) {
  Inspector inspector(file);
  Json::sax_parse(text.begin(), text.end(), &inspector);
  return Json::parse(text.begin(), text.end());
}

}  // namespace inference_exp
