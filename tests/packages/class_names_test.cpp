#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packages/errors.hpp"
#include "packages/package_directory.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::corruption;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> parse(std::string_view text) { return parse_class_names(text, "class_names.txt"); }

TEST(ClassNames, OnePerLineInOrder) { EXPECT_THAT(parse("cat\ndog\nbird\n"), ElementsAre("cat", "dog", "bird")); }

TEST(ClassNames, TheLastLineNeedsNoEnd) { EXPECT_THAT(parse("cat\ndog"), ElementsAre("cat", "dog")); }

TEST(ClassNames, EveryKindOfLineEnd) { EXPECT_THAT(parse("a\r\nb\rc\nd\r\n\r\n"), ElementsAre("a", "b", "c", "d")); }

TEST(ClassNames, BlanksAroundNamesAndBlankLinesAreDropped) {
  EXPECT_THAT(parse("\n  traffic light \t\n \t \nstop sign\n\n"), ElementsAre("traffic light", "stop sign"));
}

TEST(ClassNames, AByteOrderMarkIsNotPartOfTheFirstName) {
  EXPECT_THAT(parse("\xEF\xBB\xBF"
                    "cat\ndog"),
              ElementsAre("cat", "dog"));
}

TEST(ClassNames, AnyLanguage) { EXPECT_THAT(parse("Straße\n犬\n😀"), ElementsAre("Straße", "犬", "😀")); }

TEST(ClassNames, AnEmptyListIsRefused) {
  for (const std::string_view text : {"", "\n\n", " \r\n\t", "\xEF\xBB\xBF"}) {
    EXPECT_THAT(corruption([&] { (void)parse(text); }), AllOf(HasSubstr("class_names.txt"), HasSubstr("at least one")));
  }
}

TEST(ClassNames, TextThatIsNotUtf8IsRefusedByLine) {
  using namespace std::string_view_literals;
  const std::string_view not_utf8[] = {
      "Stra\xDF"
      "e"sv,  // Latin-1
      "\xFF\xFE"
      "c\0a\0t\0"sv,  // UTF-16
      "c\0a\0t\0"sv,  // UTF-16 without its mark
      "\x80"sv,       // starts in the middle
      "\xC3"sv,       // ends in the middle
      "\xE7\x8A"sv,
      "\xF0\x9F\x98"sv,
      "\xC0\xAF"sv,          // overlong
      "\xE0\x80\xAF"sv,      // overlong
      "\xF0\x80\x80\xAF"sv,  // overlong
      "\xED\xA0\x80"sv,      // surrogate
      "\xF4\x90\x80\x80"sv,  // above U+10FFFF
      "\xF5\x80\x80\x80"sv,
      "\xE7\x8A\x41"sv,
      "\xF0\x9F\x41\x80"sv,
  };
  for (const std::string_view bytes : not_utf8) {
    EXPECT_THAT(corruption([&] { (void)parse("cat\n" + std::string(bytes) + "\ndog"); }),
                AllOf(HasSubstr("class_names.txt"), HasSubstr("line 2"), HasSubstr("UTF-8")));
  }
}

}  // namespace
}  // namespace inference_exp::packages
