#include "core/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference_exp/errors.hpp"

namespace inference_exp {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string nested_arrays(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string refusal(std::string_view text) {
  try {
    (void)parse_json(text, "some.json");
  } catch (const CorruptedModelPackageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Json, ReadsADocument) {
  const Json document = parse_json(R"({"a": [1, 2.5, null, true], "b": {"a": "same key, other object"}})", "some.json");
  EXPECT_EQ(document["a"][1], 2.5);
  EXPECT_EQ(document["b"]["a"], "same key, other object");
}

TEST(Json, ErrorsNameTheFile) {
  for (const char* text : {"", "{", "[1,]", "{'a': 1}", "nul", "NaN", "1e999", "{} {}", "\"\xFF\"", "// comment\n1"}) {
    EXPECT_THAT(refusal(text), HasSubstr("some.json")) << text;
  }
}

TEST(Json, AKeyMayAppearOnceInAnObject) {
  EXPECT_THAT(refusal(R"({"a": 1, "b": 2, "a": 3})"), AllOf(HasSubstr("\"a\""), HasSubstr("twice")));
  EXPECT_THAT(refusal(R"([{"x": {"deep": 1, "deep": 1}}])"), HasSubstr("\"deep\""));
  EXPECT_EQ(refusal(R"([{"a": 1}, {"a": 1}])"), "accepted");
}

TEST(Json, NestingIsBounded) {
  EXPECT_EQ(refusal(nested_arrays(kMaxJsonDepth)), "accepted");
  EXPECT_THAT(refusal(nested_arrays(kMaxJsonDepth + 2)), HasSubstr("deeper than 64"));
  EXPECT_THAT(refusal(nested_arrays(100'000)), HasSubstr("deeper than 64"));
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("deeper than 64"));
}

}  // namespace
}  // namespace inference_exp
