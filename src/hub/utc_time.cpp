#include "hub/utc_time.hpp"

#include <algorithm>
#include <vector>

namespace inference_exp::hub {

std::string format_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const sys_seconds seconds = floor<std::chrono::seconds>(time);
  const sys_days day = floor<days>(seconds);
  const year_month_day date(day);
  const hh_mm_ss clock(seconds - day);
  const auto padded = [](auto number, std::size_t digits) {
    const std::string text = std::to_string(number);
    return std::string(digits - std::min(digits, text.size()), '0') + text;
  };
  return padded(int(date.year()), 4) + "-" + padded(unsigned(date.month()), 2) + "-" + padded(unsigned(date.day()), 2) +
         "T" + padded(clock.hours().count(), 2) + ":" + padded(clock.minutes().count(), 2) + ":" +
         padded(clock.seconds().count(), 2) + "Z";
}

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kForm.size()) return std::nullopt;
  std::vector<int> numbers{0};
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return std::nullopt;
    if (digit) numbers.back() = numbers.back() * 10 + (text[i] - '0');
    if (!digit) numbers.push_back(0);
  }
  std::string_view rest = text.substr(kForm.size());
  if (rest.starts_with('.')) rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  if (rest != "Z" && rest != "+00:00") return std::nullopt;
  const year_month_day date{year(numbers[0]), month(unsigned(numbers[1])), day(unsigned(numbers[2]))};
  if (!date.ok() || numbers[3] > 23 || numbers[4] > 59 || numbers[5] > 59) return std::nullopt;
  return sys_days(date) + hours(numbers[3]) + minutes(numbers[4]) + seconds(numbers[5]);
}

}  // namespace inference_exp::hub
