// Pieces of sentences that several rules and texts share.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace inference_exp::negotiation {

/// The items as `text_of` gives them, separated by ", "; "none" where there are none.
template <typename Items, typename TextOf = std::identity>
[[nodiscard]] std::string list_of(const Items& items, TextOf text_of = {}) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += std::invoke(text_of, item);
  }
  return text.empty() ? "none" : text;
}

/// "1 package", "2 packages".
[[nodiscard]] inline std::string count_of(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

/// "4" where both ends are equal, else "1 to 8".
template <typename Number>
[[nodiscard]] std::string range_of(Number low, Number high) {
  return low == high ? std::to_string(low) : std::to_string(low) + " to " + std::to_string(high);
}

/// `number` with as few digits as tell it from its neighbours: "300", "0.25".
[[nodiscard]] std::string number_text(double number);

}  // namespace inference_exp::negotiation
