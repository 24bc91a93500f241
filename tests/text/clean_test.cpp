#include <gtest/gtest.h>

#include <string>

#include "text/lower.hpp"
#include "text/tokenizer.hpp"

namespace inference_exp::text {
namespace {

TEST(CleanTest, WhiteSpaceOfEveryKindCollapsesToOneBlank) {
  EXPECT_EQ(clean("\t a \r\n b\u00A0\u2003c\u3000d\u1680e\f "), "a b c d e");
}

TEST(CleanTest, HtmlIsUnescapedTwice) {
  // A tag keeps the repair away from the entities, so both rounds are the cleaning's own.
  EXPECT_EQ(clean("<b> &amp;lt; &amp;amp;lt;"), "<b> < &lt;");
}

TEST(CleanTest, TextIsInLowerCaseWhateverTheScript) {
  EXPECT_EQ(clean("\u00C6R\u00D8 \u0401\u0416 \u00C9"), "\u00E6r\u00F8 \u0451\u0436 \u00E9");
}

TEST(LowerTest, ASigmaAtTheEndOfAWordIsFinal) {
  EXPECT_EQ(lower(U"\u03A3\u0391\u03A3 \u0391\u03A3."), U"\u03C3\u03B1\u03C2 \u03B1\u03C2.");
  EXPECT_EQ(lower(U"\u0391\u03A3"), U"\u03B1\u03C2");
}

TEST(LowerTest, ASigmaAloneIsNotFinal) { EXPECT_EQ(lower(U"\u03A3 1\u03A3"), U"\u03C3 1\u03C3"); }

TEST(LowerTest, MarksAndApostrophesDoNotEndAWord) {
  EXPECT_EQ(lower(U"\u0391\u03A3\u0301'\u0391"), U"\u03B1\u03C3\u0301'\u03B1");
  EXPECT_EQ(lower(U"\u0391'\u03A3'"), U"\u03B1'\u03C2'");
}

TEST(LowerTest, ADottedCapitalIKeepsItsDot) { EXPECT_EQ(lower(U"\u0130I"), U"i\u0307i"); }

TEST(LowerTest, CharactersBeyondTheFirstPlaneHaveCasesToo) { EXPECT_EQ(lower(U"\U00010400"), U"\U00010428"); }

}  // namespace
}  // namespace inference_exp::text
