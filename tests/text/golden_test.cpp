// What OpenAI's and Meta's tokenizers, with ftfy, make of a list of strings.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inference_exp/errors.hpp"
#include "support/shared_data.hpp"
#include "text/tokenizer.hpp"

namespace inference_exp::text {
namespace {

using Ids = std::vector<std::int32_t>;

nlohmann::json read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file).at("cases");
}

Ids padded(const nlohmann::json& ids, std::size_t context) {
  Ids out = ids.get<Ids>();
  out.resize(context, 0);
  return out;
}

/// Each string of the list is compared, and none needs an exception: the repair makes of them what ftfy makes, those
/// with needs_ftfy included.
class GoldenTokenizerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_SHARED(vocabulary, "models/bpe_simple_vocab_16e6.txt.gz");
    REQUIRE_SHARED(golden, "golden/tokenizer/tokenizer.json");
    vocabulary_ = read_vocabulary(vocabulary);
    cases_ = read(golden);
    ASSERT_FALSE(cases_.empty());
  }
  [[nodiscard]] const nlohmann::json& cases() const { return cases_; }
  [[nodiscard]] Tokenizer tokenizer(SpecialTokens kind) const { return {vocabulary_, kind}; }

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  nlohmann::json cases_;
};

TEST_F(GoldenTokenizerTest, CleansEveryStringAsTheOriginalDoes) {
  for (const nlohmann::json& golden : cases()) {
    EXPECT_EQ(clean(golden.at("text").get<std::string>()), golden.at("cleaned").get<std::string>());
  }
}

TEST_F(GoldenTokenizerTest, EncodesForClipAndRefusesWhatIsTooLong) {
  const Tokenizer clip = tokenizer(SpecialTokens::clip);
  for (const nlohmann::json& golden : cases()) {
    const std::string text = golden.at("text");
    SCOPED_TRACE(text);
    if (golden.at("clip").is_null()) {
      EXPECT_THROW((void)clip.encode(text, 77, Overflow::refuse), ModelInputError);
    } else {
      EXPECT_EQ(clip.encode(text, 77, Overflow::refuse), padded(golden.at("clip"), 77));
    }
  }
}

TEST_F(GoldenTokenizerTest, EncodesForClipAndTruncatesOnRequest) {
  const Tokenizer clip = tokenizer(SpecialTokens::clip);
  for (const nlohmann::json& golden : cases()) {
    const std::string text = golden.at("text");
    EXPECT_EQ(clip.encode(text, 77, Overflow::truncate), padded(golden.at("clip_truncated"), 77)) << text;
  }
}

TEST_F(GoldenTokenizerTest, EncodesForThePerceptionEncoderOfEitherContext) {
  const Tokenizer encoder = tokenizer(SpecialTokens::perception_encoder);
  for (const nlohmann::json& golden : cases()) {
    const std::string text = golden.at("text");
    EXPECT_EQ(encoder.encode(text, 32, Overflow::truncate), padded(golden.at("pe32"), 32)) << text;
    EXPECT_EQ(encoder.encode(text, 72, Overflow::truncate), padded(golden.at("pe72"), 72)) << text;
  }
}

TEST_F(GoldenTokenizerTest, ReachesTheIdsWithFtfyForTheStringsThatNeedIt) {
  const Tokenizer clip = tokenizer(SpecialTokens::clip);
  std::vector<std::string> repaired;
  for (const nlohmann::json& golden : cases()) {
    if (!golden.at("needs_ftfy")) continue;
    const Ids ids = clip.encode(golden.at("text").get<std::string>(), 77, Overflow::refuse);
    EXPECT_EQ(ids, padded(golden.at("clip"), 77));
    EXPECT_NE(ids, padded(golden.at("without_ftfy"), 77));
    repaired.push_back(golden.at("cleaned"));
  }
  const std::vector<std::string> expected = {"caf\u00E9 decomposed \u00F1",
                                             "\u4E2D\u6587,\u6D4B\u8BD5\u3002",
                                             "fine flow office (ligatures)",
                                             "full width 123",
                                             "sch\u00F6n (mojibake) \"quoted\" doesn't",
                                             "zero\u200Bwidth nbsp here em space ideographic"};
  EXPECT_EQ(repaired, expected);
}

TEST_F(GoldenTokenizerTest, CountsTheTokensOfWhatIsTooLong) {
  const Tokenizer clip = tokenizer(SpecialTokens::clip);
  std::size_t refused = 0;
  for (const nlohmann::json& golden : cases()) {
    if (!golden.at("clip").is_null()) continue;
    try {
      (void)clip.encode(golden.at("text").get<std::string>(), 77, Overflow::refuse);
    } catch (const ModelInputError& error) {
      ++refused;
      const std::string count = "makes " + std::to_string(golden.at("n_tokens").get<int>()) + " tokens";
      EXPECT_NE(error.message().find(count), std::string::npos) << error.message();
      EXPECT_NE(error.message().find("77 fit"), std::string::npos) << error.message();
    }
  }
  EXPECT_EQ(refused, 3U);
}

}  // namespace
}  // namespace inference_exp::text
