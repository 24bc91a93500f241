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

/// "ModelLoadingError" as "model_loading_error".
std::string snake_case(std::string_view name) {
  std::string text;
  for (const char letter : name) {
    const bool starts_word = letter >= 'A' && letter <= 'Z';
    if (starts_word && !text.empty()) text += '_';
    text += letter;
  }
  return lower_case(text);
}

}  // namespace

Error::Error(std::string_view name, std::string_view message, std::string_view hint)
    : std::runtime_error(describe(message, hint)), name_(name), message_(message), hint_(hint) {}

Error::~Error() = default;

std::string Error::help_page() const { return "docs/errors/" + snake_case(name_) + ".md"; }

}  // namespace inference_exp
