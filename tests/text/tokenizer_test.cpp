#include "text/tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>

#include "core/file.hpp"
#include "inference_exp/errors.hpp"
#include "support/shared_data.hpp"
#include "text/gzip.hpp"
#include "text/tokenizer_reference.hpp"
#include "text/vocabularies.hpp"

namespace inference_exp::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

const std::string& vocabulary_text() {
  static const std::string text = testing::random_vocabulary(1);
  return text;
}

Tokenizer tokenizer(SpecialTokens kind = SpecialTokens::clip) {
  static const auto vocabulary = std::make_shared<const Vocabulary>(vocabulary_text(), "random");
  return {vocabulary, kind};
}

/// Words, digits, marks, scripts, emoji and broken bytes in any order.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {"a",
                                                  "b",
                                                  "c",
                                                  "d",
                                                  "e",
                                                  "f",
                                                  "g",
                                                  "h",
                                                  "A",
                                                  "Z",
                                                  " ",
                                                  "  ",
                                                  "\t",
                                                  "\n",
                                                  "1",
                                                  "23",
                                                  "'s",
                                                  "'re",
                                                  "'",
                                                  "''ll",
                                                  "!",
                                                  "?!",
                                                  "-",
                                                  "<",
                                                  "&",
                                                  "&amp;",
                                                  "&lt",
                                                  "caf\u00E9",
                                                  "\u03A3\u039F\u03A3",
                                                  "\u65E5\u672C",
                                                  "\u0939\u093F",
                                                  "\U0001F600",
                                                  "\u200D",
                                                  "\u00BD",
                                                  "\u2167",
                                                  "\u0301",
                                                  "\xFF",
                                                  "\xE2\x82",
                                                  "hag",
                                                  "bead",
                                                  "cabbage"};
  std::string text;
  for (std::size_t left = random() % 60; left > 0; --left) text += pieces[random() % pieces.size()];
  return text;
}

/// Compares the ids of `rounds` random texts with the plain twin's.
void compare_with_twin(const Tokenizer& fast, const testing::TokenizerReference& plain, int rounds) {
  constexpr std::size_t kContext = 2000;
  std::mt19937 random(7);
  for (int round = 0; round < rounds; ++round) {
    const std::string text = random_text(random);
    Ids expected = plain.encode(clean(text));
    expected.insert(expected.begin(), kStartOfText);
    expected.push_back(kEndOfText);
    expected.resize(kContext, 0);
    ASSERT_EQ(fast.encode(text, kContext, Overflow::refuse), expected) << text;
  }
}

TEST(TokenizerTest, AgreesWithThePlainTwinOnRandomTextAndRandomMerges) {
  compare_with_twin(tokenizer(), testing::TokenizerReference(vocabulary_text()), 500);
}

TEST(TokenizerTest, AgreesWithThePlainTwinOnRandomTextAndTheMergesOfClip) {
  REQUIRE_SHARED(path, "models/bpe_simple_vocab_16e6.txt.gz");
  const std::optional<std::string> text = unpack_gzip(read_text_file(path), std::size_t{16} << 20);
  ASSERT_TRUE(text);
  compare_with_twin({read_vocabulary(path), SpecialTokens::clip}, testing::TokenizerReference(*text), 500);
}

TEST(TokenizerTest, EmptyTextIsAStartAndAnEnd) {
  EXPECT_THAT(tokenizer().encode("", 4, Overflow::refuse), ElementsAre(kStartOfText, kEndOfText, 0, 0));
  EXPECT_THAT(tokenizer().encode(" \n", 2, Overflow::refuse), ElementsAre(kStartOfText, kEndOfText));
}

TEST(TokenizerTest, TextThatJustFitsEndsWithTheContext) {
  EXPECT_THAT(tokenizer().encode("12", 4, Overflow::refuse), ElementsAre(kStartOfText, 272, 273, kEndOfText));
}

TEST(TokenizerTest, TruncatedTextKeepsItsBeginningAndTheEndToken) {
  EXPECT_THAT(tokenizer().encode("12345", 4, Overflow::truncate), ElementsAre(kStartOfText, 272, 273, kEndOfText));
  EXPECT_THAT(tokenizer().encode("12345", 2, Overflow::truncate), ElementsAre(kStartOfText, kEndOfText));
}

TEST(TokenizerTest, TruncationWithinAWordKeepsTheBeginningOfTheWord) {
  const Tokenizer subject = tokenizer();
  const Ids whole = subject.encode("cabbageheadbeefcafe", 60, Overflow::refuse);
  ASSERT_NE(whole[3], 0);
  EXPECT_THAT(subject.encode("cabbageheadbeefcafe", 3, Overflow::truncate),
              ElementsAre(kStartOfText, whole[1], kEndOfText));
}

TEST(TokenizerTest, TooLongATextIsRefusedWithBothCountsAndWhatToDo) {
  try {
    (void)tokenizer().encode("1234567890", 11, Overflow::refuse);
    FAIL() << "accepted";
  } catch (const ModelInputError& error) {
    EXPECT_EQ(error.message(),
              "The text \"1234567890\" is too long: it makes 12 tokens, start and end included, and 11 fit into the "
              "network's context.");
    EXPECT_EQ(error.hint(), "Shorten the text.");
  }
}

TEST(TokenizerTest, ALongTextIsShownByItsBeginning) {
  try {
    (void)tokenizer().encode(std::string(200, '1'), 77, Overflow::refuse);
    FAIL() << "accepted";
  } catch (const ModelInputError& error) {
    EXPECT_THAT(error.message(), HasSubstr("\"" + std::string(60, '1') + "...\" is too long: it makes 202 tokens"));
  }
}

TEST(TokenizerTest, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  const Tokenizer subject = tokenizer();
  EXPECT_EQ(clean("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(clean("\xE2\x82 \xC0\x80 \xED\xA0\x80"), "\uFFFD \uFFFD\uFFFD \uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(clean("\xF0\x9F\x98"), "\uFFFD");
  EXPECT_EQ(subject.encode("a\xFFz", 20, Overflow::refuse), subject.encode("a\uFFFDz", 20, Overflow::refuse));
}

TEST(TokenizerTest, MarkersInTheTextAreTheTokensOfTheirFamilyOnly) {
  const Tokenizer clip = tokenizer(SpecialTokens::clip);
  const Tokenizer encoder = tokenizer(SpecialTokens::perception_encoder);
  EXPECT_THAT(clip.encode("<|startoftext|>1<|ENDOFTEXT|>", 6, Overflow::refuse),
              ElementsAre(kStartOfText, kStartOfText, 272, kEndOfText, kEndOfText, 0));
  EXPECT_THAT(encoder.encode("<start_of_text> 1 <end_of_text>", 6, Overflow::refuse),
              ElementsAre(kStartOfText, kStartOfText, 272, kEndOfText, kEndOfText, 0));
  EXPECT_NE(encoder.encode("<|startoftext|>", 40, Overflow::refuse)[1], kStartOfText);
  EXPECT_NE(clip.encode("<start_of_text>", 40, Overflow::refuse)[1], kStartOfText);
}

TEST(TokenizerTest, AMarkerWithinARunOfOtherCharactersIsNotSeen) {
  const Ids ids = tokenizer().encode("!<|endoftext|>", 40, Overflow::refuse);
  EXPECT_EQ(std::ranges::count(ids, kEndOfText), 1);
}

TEST(TokenizerTest, ContractionsAreWordsOfTheirOwn) {
  const Tokenizer subject = tokenizer();
  EXPECT_EQ(subject.encode("a'sb", 40, Overflow::refuse), subject.encode("a 's b", 40, Overflow::refuse));
  EXPECT_EQ(subject.encode("WE'LL", 40, Overflow::refuse), subject.encode("we 'll", 40, Overflow::refuse));
}

TEST(TokenizerTest, AWordAsLongAsATextMayBeIsEncoded) {
  std::string word;
  std::mt19937 random(3);
  while (word.size() < kMaxTextSize) word += static_cast<char>('a' + random() % 26);
  const Tokenizer subject = tokenizer();
  EXPECT_EQ(subject.encode(word, 77, Overflow::truncate).back(), kEndOfText);
}

TEST(TokenizerTest, TextBeyondTheLimitIsRefused) {
  const std::string text(kMaxTextSize + 1, 'a');
  EXPECT_THROW((void)tokenizer().encode(text, 77, Overflow::truncate), ModelInputError);
}

TEST(TokenizerTest, SeveralThreadsMayUseOne) {
  const Tokenizer subject = tokenizer();
  const Ids expected = subject.encode("a cabbage's head", 40, Overflow::refuse);
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  for (Ids& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) result = subject.encode("a cabbage's head", 40, Overflow::refuse);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(results, ::testing::Each(expected));
}

}  // namespace
}  // namespace inference_exp::text
