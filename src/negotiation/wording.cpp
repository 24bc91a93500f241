#include "negotiation/wording.hpp"

#include <array>
#include <charconv>

namespace inference_exp::negotiation {

std::string number_text(double number) {
  constexpr std::size_t kEnough = 32;  // of the shortest form that reads back as the same number
  std::array<char, kEnough> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

}  // namespace inference_exp::negotiation
