#include "core/version.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "core/text.hpp"

namespace inference_exp {

namespace {

constexpr std::size_t kLongestText = 256;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_letter_or_digit(char c) noexcept { return is_digit(c) || is_letter(c); }
bool is_separator(char c) noexcept { return c == '.' || c == '-' || c == '_'; }

}  // namespace

/// Takes a version apart from left to right. `failed_` remembers a number that was too large.
class VersionParser {
 public:
  explicit VersionParser(std::string_view text) : rest_(text) {}

  std::optional<Version> parse() {
    (void)take("v");
    parse_epoch();
    if (!parse_release()) return std::nullopt;
    parse_pre_release();
    parse_post_release();
    version_.dev_ = parse_tag({"dev"});
    if (take("+") && !parse_local()) return std::nullopt;
    if (failed_ || !rest_.empty()) return std::nullopt;
    return std::move(version_);
  }

 private:
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  template <typename Belongs>
  std::string_view take_while(Belongs belongs) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), belongs);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  void skip_separator() {
    if (!rest_.empty() && is_separator(rest_.front())) rest_.remove_prefix(1);
  }

  std::uint64_t number_of(std::string_view digits) {
    std::uint64_t number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) failed_ = true;
    return number;
  }

  std::optional<std::uint64_t> take_number() {
    const std::string_view digits = take_while(is_digit);
    if (digits.empty()) return std::nullopt;
    return number_of(digits);
  }

  void parse_epoch() {
    const std::string_view whole = rest_;
    const std::string_view digits = take_while(is_digit);
    if (!digits.empty() && take("!")) {
      version_.epoch_ = number_of(digits);
    } else {
      rest_ = whole;
    }
  }

  bool parse_release() {
    std::optional<std::uint64_t> number = take_number();
    if (!number) return false;
    while (number) {
      version_.release_.push_back(*number);
      const bool more = rest_.size() > 1 && rest_[0] == '.' && is_digit(rest_[1]);
      if (!more) break;
      rest_.remove_prefix(1);
      number = take_number();
    }
    return true;
  }

  /// "-word.3", "word3" or "word", where separators may be left out and a missing number is 0. Words that begin like
  /// others come first in the list.
  std::optional<std::uint64_t> parse_tag(std::initializer_list<std::string_view> words) {
    const std::string_view whole = rest_;
    skip_separator();
    if (std::none_of(words.begin(), words.end(), [this](std::string_view word) { return take(word); })) {
      rest_ = whole;
      return std::nullopt;
    }
    skip_separator();
    return take_number().value_or(0);
  }

  void parse_pre_release() {
    using Stage = Version::Stage;
    if (const auto alpha = parse_tag({"alpha", "a"})) {
      version_.pre_ = {Stage::alpha, *alpha};
    } else if (const auto beta = parse_tag({"beta", "b"})) {
      version_.pre_ = {Stage::beta, *beta};
    } else if (const auto candidate = parse_tag({"preview", "pre", "rc", "c"})) {
      version_.pre_ = {Stage::candidate, *candidate};
    }
  }

  void parse_post_release() {
    if (rest_.size() > 1 && rest_[0] == '-' && is_digit(rest_[1])) {
      rest_.remove_prefix(1);
      version_.post_ = take_number();
    } else {
      version_.post_ = parse_tag({"post", "rev", "r"});
    }
  }

  bool parse_local() {
    do {
      const std::string_view text = take_while(is_letter_or_digit);
      if (text.empty()) return false;
      const bool number = std::all_of(text.begin(), text.end(), is_digit);
      version_.local_.push_back(number ? Version::LocalPart{number_of(text), {}}
                                       : Version::LocalPart{std::nullopt, std::string(text)});
    } while (take(".") || take("-") || take("_"));
    return true;
  }

  std::string_view rest_;
  Version version_;
  bool failed_ = false;
};

std::optional<Version> Version::parse(std::string_view text) {
  text = trim(text);
  if (text.size() > kLongestText) return std::nullopt;
  const std::string lower = lower_case(text);
  return VersionParser(lower).parse();
}

std::strong_ordering Version::compare_release(const Version& other) const noexcept {
  const std::size_t length = std::max(release_.size(), other.release_.size());
  for (std::size_t i = 0; i < length; ++i) {
    const auto order = release_part(i) <=> other.release_part(i);
    if (std::is_neq(order)) return order;
  }
  return std::strong_ordering::equal;
}

/// 1.0.dev1 comes before 1.0a1, which comes before 1.0; a post-release counts as a release here.
int Version::pre_release_rank() const noexcept {
  if (pre_) return 1;
  return dev_ && !post_ ? 0 : 2;
}

std::strong_ordering Version::compare_pre_release(const Version& other) const noexcept {
  const auto order = pre_release_rank() <=> other.pre_release_rank();
  return std::is_neq(order) ? order : pre_ <=> other.pre_;
}

std::strong_ordering operator<=>(const Version& left, const Version& right) noexcept {
  if (const auto order = left.epoch_ <=> right.epoch_; std::is_neq(order)) return order;
  if (const auto order = left.compare_release(right); std::is_neq(order)) return order;
  if (const auto order = left.compare_pre_release(right); std::is_neq(order)) return order;
  // Nothing sorts below a number in an optional, which is right for post-releases and local suffixes.
  if (const auto order = left.post_ <=> right.post_; std::is_neq(order)) return order;
  const bool left_is_dev = left.dev_.has_value();
  const bool right_is_dev = right.dev_.has_value();
  if (left_is_dev != right_is_dev) {
    return left_is_dev ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (const auto order = left.dev_ <=> right.dev_; std::is_neq(order)) return order;
  return left.local_ <=> right.local_;
}

std::string Version::to_string() const {
  constexpr std::string_view kStages[] = {"a", "b", "rc"};
  std::string text = epoch_ != 0 ? std::to_string(epoch_) + '!' : std::string();
  for (std::size_t i = 0; i < release_.size(); ++i) text += (i == 0 ? "" : ".") + std::to_string(release_[i]);
  if (pre_) text += std::string(kStages[static_cast<std::size_t>(pre_->first)]) + std::to_string(pre_->second);
  if (post_) text += ".post" + std::to_string(*post_);
  if (dev_) text += ".dev" + std::to_string(*dev_);
  for (std::size_t i = 0; i < local_.size(); ++i) {
    const auto& [number, word] = local_[i];
    text += (i == 0 ? '+' : '.') + (number ? std::to_string(*number) : word);
  }
  return text;
}

}  // namespace inference_exp
