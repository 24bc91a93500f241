#include "text/repair.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace inference_exp::text {
namespace {

TEST(RepairTest, ComposesLettersAndMarks) { EXPECT_EQ(repair(U"cafe\u0301 n\u0303"), U"caf\u00E9 \u00F1"); }

TEST(RepairTest, ManyMarksOnOneLetterAreComposedQuickly) {
  std::u32string text = U"e";
  for (int i = 0; i < 20'000; ++i) text += U"\u0301\u0323\u0F73";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(repair(text).starts_with(U"\u1EB9\u0F71"));
  // Work that grows with the square of the length takes several seconds here.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(RepairTest, MakesCurlyQuotesStraight) {
  EXPECT_EQ(repair(U"\u2018a\u2019 \u201Cb\u201D \u201Ec\u201F \u02BC"), U"'a' \"b\" \"c\" '");
}

TEST(RepairTest, MakesWideAndNarrowFormsUsual) {
  EXPECT_EQ(repair(U"\uFF26\uFF11\uFF0C\u3000\uFF76\uFF9E"), U"F1, \u30AC");
}

TEST(RepairTest, TakesLigaturesApart) { EXPECT_EQ(repair(U"\uFB01\uFB03\u0132\u01C4\u0149"), U"fiffiIJD\u017D'n"); }

TEST(RepairTest, UnifiesLineEnds) { EXPECT_EQ(repair(U"a\r\nb\rc\u2028d\u2029e"), U"a\nb\nc\nd\ne"); }

TEST(RepairTest, RemovesControlCharactersAndByteOrderMarks) {
  EXPECT_EQ(repair(U"\uFEFFa\u0001\u001A\u007F\u206A\uFFF9b\tc\fd\u200Be\u00ADf"), U"ab\tc\fd\u200Be\u00ADf");
}

TEST(RepairTest, RemovesColoursOfTerminals) { EXPECT_EQ(repair(U"\x1B[36;44mblue\x1B[0m \x1B[36;"), U"blue [36;"); }

TEST(RepairTest, ControlCharactersOfWindowsGetTheirMeaning) {
  EXPECT_EQ(repair(U"never UTF-8 at all\u0085 \u0093x\u0094"), U"never UTF-8 at all\u2026 \"x\"");
}

TEST(RepairTest, UnescapesEntitiesUntilNoneIsLeft) { EXPECT_EQ(repair(U"&amp;amp;amp;eacute;"), U"\u00E9"); }

TEST(RepairTest, EntitiesNeedTheirSemicolon) { EXPECT_EQ(repair(U"&lt &copy2"), U"&lt &copy2"); }

TEST(RepairTest, EntitiesInCapitalsAreCapitals) {
  EXPECT_EQ(repair(U"&EACUTE; &SZLIG; &Szlig; &COPYSR;"), U"\u00C9 SS &Szlig; &COPYSR;");
}

TEST(RepairTest, ATagKeepsTheEntitiesOfItsLineAndOfThoseAfterIt) {
  EXPECT_EQ(repair(U"&lt;\n<b>&lt;\n&lt;"), U"<\n<b>&lt;\n&lt;");
}

TEST(RepairTest, HostileLayersOfEntitiesEnd) {
  std::u32string text = U"&";
  for (int i = 0; i < 10'000; ++i) text += U"amp;";
  EXPECT_TRUE(repair(text).ends_with(U"amp;amp;"));
}

TEST(MojibakeTest, Utf8ReadAsWindows1252IsReadAgain) {
  EXPECT_EQ(undo_mojibake(U"sch\u00C3\u00B6n \u00E2\u20AC\u0153q\u00E2\u20AC\x9D\u00E2\u20AC\u2122"),
            U"sch\u00F6n \u201Cq\u201D\u2019");
  EXPECT_EQ(undo_mojibake(U"\u00F0\u0178\u02DC\u20AC"), U"\U0001F600");
}

TEST(MojibakeTest, Utf8ReadAsLatin1IsReadAgain) {
  EXPECT_EQ(undo_mojibake(U"\u00E2\u0080\u0094 \u00C3\u00A9"), U"\u2014 \u00E9");
}

TEST(MojibakeTest, TwoLayersComeOff) { EXPECT_EQ(undo_mojibake(U"\u00C3\u0192\u00C2\u00A9"), U"\u00E9"); }

TEST(MojibakeTest, HonestTextStays) {
  for (const std::u32string_view text : {U"plain", U"caf\u00E9 na\u00EFve \u00C6r\u00F8", U"Bront\u00EB\u2026\u201D",
                                         U"\u00C3O S\u00C3O", U"AH\u00C5\u2122, the sofa from IKEA\u00AE", U":\u00FE",
                                         U"\u65E5\u672C \u00C3\u00A9", U"\u00C3\u00A9 \u00E9"}) {
    EXPECT_EQ(undo_mojibake(text), text);
  }
}

}  // namespace
}  // namespace inference_exp::text
