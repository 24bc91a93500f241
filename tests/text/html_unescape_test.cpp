#include "text/html_unescape.hpp"

#include <gtest/gtest.h>

namespace inference_exp::text {
namespace {

TEST(HtmlUnescapeTest, ReplacesNamesByTheirCharacters) {
  EXPECT_EQ(unescape_html(U"a &lt;b&gt; &amp; &eacute;&hellip;"), U"a <b> & \u00E9\u2026");
}

TEST(HtmlUnescapeTest, KnowsTheFirstAndTheLastNameOfTheList) {
  EXPECT_EQ(unescape_html(U"&AElig;&zwnj;"), U"\u00C6\u200C");
}

TEST(HtmlUnescapeTest, SomeNamesStandForTwoCharacters) {
  EXPECT_EQ(unescape_html(U"&NotEqualTilde;"), U"\u2242\u0338");
}

TEST(HtmlUnescapeTest, OldNamesNeedNoSemicolonAndMayBeFollowedByLetters) {
  EXPECT_EQ(unescape_html(U"&lt &ampx &notit; &copy2024"), U"< &x \u00ACit; \u00A92024");
}

TEST(HtmlUnescapeTest, TheLongestNameWins) { EXPECT_EQ(unescape_html(U"&notin; &notin"), U"\u2209 \u00ACin"); }

TEST(HtmlUnescapeTest, UnknownNamesStay) {
  EXPECT_EQ(unescape_html(U"&unknown; &; & &&amp; a=b&c=d &hellip"), U"&unknown; &; & && a=b&c=d &hellip");
}

TEST(HtmlUnescapeTest, NumbersCountInBothBasesWithOrWithoutSemicolon) {
  EXPECT_EQ(unescape_html(U"&#65;&#x42;&#X43 &#68x"), U"ABC Dx");
}

TEST(HtmlUnescapeTest, NumbersOfWindowsAreReadAsBrowsersDo) {
  EXPECT_EQ(unescape_html(U"&#128;&#x92;&#129;"), U"\u20AC\u2019\u0081");
}

TEST(HtmlUnescapeTest, NumbersThatAreNoCharactersBecomeTheReplacementCharacter) {
  EXPECT_EQ(unescape_html(U"&#0;&#xD800;&#x110000;&#99999999999999999999;"), U"\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(HtmlUnescapeTest, NumbersOfControlCharactersAndNoncharactersVanish) {
  EXPECT_EQ(unescape_html(U"a&#1;&#x1F;&#xFDD0;&#x1FFFF;&#127;b"), U"ab");
}

TEST(HtmlUnescapeTest, IncompleteNumbersStay) {
  EXPECT_EQ(unescape_html(U"&# &#x &#; &#xg; &#"), U"&# &#x &#; &#xg; &#");
}

TEST(HtmlUnescapeTest, ReplacesOnce) { EXPECT_EQ(unescape_html(U"&amp;lt;"), U"&lt;"); }

}  // namespace
}  // namespace inference_exp::text
