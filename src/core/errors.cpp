#include "inference_exp/errors.hpp"

#include "core/text.hpp"

namespace inference_exp {

namespace {

std::string describe(std::string_view message, std::string_view hint) {
  std::string text(message);
  if (!hint.empty()) {
    text += ' ';
    text += hint;
  }
  return text;
}

}  // namespace

Error::Error(std::string_view name, std::string_view help_page, std::string_view message, std::string_view hint)
    : std::runtime_error(describe(message, hint)), name_(name), help_page_(help_page), message_(message), hint_(hint) {}

Error::~Error() = default;

std::string Error::help_page() const { return "docs/errors/" + std::string(help_page_) + ".md#" + lower_case(name_); }

}  // namespace inference_exp
