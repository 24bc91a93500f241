// Documents of 100 KB made to be slow or large: every parser gives its answer, which is an error or a value, in time.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "inference_exp/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {
namespace {

constexpr std::size_t kLength = 100'000;

std::string repeated(std::string_view part) {
  std::string text;
  while (text.size() < kLength) text += part;
  return text;
}

std::string numbered(std::string_view before, std::string_view after) {
  std::string text;
  for (int i = 0; text.size() < kLength; ++i) {
    if (i != 0) text += ',';
    text += std::string(before) + std::to_string(i) + std::string(after);
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return result;
}

const std::vector<std::string>& hostile_documents() {
  static const std::vector<std::string> documents = {
      repeated("["),
      repeated("{\"a\":"),
      repeated("\""),
      repeated("\\"),
      repeated("{"),
      repeated("9"),
      repeated("-"),
      repeated(" "),
      repeated("\n"),
      repeated("a\n"),
      repeated("\xFF"),
      repeated("\xF0\x9F\x98\x80"),
      repeated(std::string_view("\0", 1)),
      "\"" + repeated("x") + "\"",
      "[" + repeated("[],") + "[]]",
      "[" + repeated("{},") + "{}]",
      "[" + repeated("0,") + "0]",
      "{" + numbered("\"", "\": 0") + "}",
      "{" + repeated("\"a\": 0, ") + "\"a\": 0}",
      "{" + numbered("", ": 'a'") + "}",
      "{" + repeated("0: 'a', ") + "}",
      "['" + repeated("\\u0041") + "']",
      "{\"PREPROCESSING\": \"" + escaped("{\"resize\": " + repeated("[")) + "\"}",
      "{\"network_input\": \"" + repeated("x") + "\"}",
      "{\"network_input\": {\"training_input_size\": {\"width\": " + repeated("9") + "}}}",
      "{\"network_input\": {\"color_mode\": " + std::string("[") + repeated("0,") + "0]}}",
      "[{\"object_class_id\": 0, \"keypoints\": {" + numbered("\"", "\": \"a\"") + "}, \"edges\": 3}]",
      "[{\"object_class_id\": 0, \"keypoints\": {\"0\": \"\"}, \"edges\": [" + repeated("{\"from\":0,\"to\":0},") +
          "{}]}]",
      "[" + numbered("{\"keypoints\":{},\"object_class_id\":", "}") + "]",
      "[{\"object_class_id\": 0, \"keypoints\": {\"" + repeated("k") + "\": 0}}]",
  };
  return documents;
}

struct Parser {
  const char* name;
  std::function<void(const std::string&)> parse;
};

class HostileDocuments : public ::testing::TestWithParam<Parser> {};

TEST_P(HostileDocuments, AreAnsweredInTime) {
  // The promise is 100 ms in an optimised build; sanitizers and a busy machine take their share here.
  constexpr std::chrono::seconds kLimit{2};
  for (const std::string& document : hostile_documents()) {
    SCOPED_TRACE(document.substr(0, 60));
    const auto start = std::chrono::steady_clock::now();
    try {
      GetParam().parse(document);
    } catch (const CorruptedModelPackageError&) {  // the other good answer
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, kLimit);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Parsers, HostileDocuments,
    ::testing::Values(
        Parser{"inference_config", [](const std::string& text) { (void)parse_inference_config(text, "f"); }},
        Parser{"environment_config", [](const std::string& text) { (void)parse_environment_config(text, "f"); }},
        Parser{"class_names", [](const std::string& text) { (void)parse_class_names(text, "f"); }},
        Parser{"model_config", [](const std::string& text) { (void)parse_model_config(text, "f"); }},
        Parser{"keypoints_metadata", [](const std::string& text) { (void)parse_keypoints_metadata(text, "f"); }},
        Parser{"bare_model_metadata",
               [](const std::string& text) {
                 (void)parse_bare_model_metadata(
                     {{"names", text}, {"description", text}, {"task", text}, {"imgsz", text}, {"kpt_shape", text}});
               }}),
    [](const auto& parser) { return std::string(parser.param.name); });

}  // namespace
}  // namespace inference_exp::packages
