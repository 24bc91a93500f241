#include "text/vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <string>

#include "inference_exp/errors.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"
#include "text/gzip.hpp"
#include "text/vocabularies.hpp"

namespace inference_exp::text {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string packed(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class VocabularyTest : public ::testing::Test {
 protected:
  static const std::string& text() {
    static const std::string made = testing::random_vocabulary(2);
    return made;
  }
  [[nodiscard]] fs::path write(const std::string& content) const {
    std::ofstream(folder_ / "merges.txt.gz", std::ios::binary) << content;
    return folder_ / "merges.txt.gz";
  }
  [[nodiscard]] std::string refusal_of_file(const fs::path& path) const {
    try {
      (void)read_vocabulary(path);
    } catch (const CorruptedModelPackageError& error) {
      return error.what();
    }
    return "accepted";
  }
  [[nodiscard]] std::string refusal(const std::string& content) const { return refusal_of_file(write(content)); }
  [[nodiscard]] fs::path missing() const { return folder_ / "missing.gz"; }

 private:
  inference_exp::testing::TemporaryFolder folder_;
};

TEST_F(VocabularyTest, ReadsThePackedFileAndItsPlainText) {
  const auto from_gzip = read_vocabulary(write(packed(text())));
  const auto from_text = read_vocabulary(write(text()));
  std::size_t merges = 0;
  for (std::int32_t left = 0; left < 256; ++left) {
    for (std::int32_t right = 0; right < kFirstMerge; ++right) {
      ASSERT_EQ(from_gzip->merge(left, right), from_text->merge(left, right));
      if (from_text->merge(left, right)) ++merges;
    }
  }
  EXPECT_GT(merges, 500U);
}

TEST_F(VocabularyTest, NumbersBytesAsTheOriginalDoes) {
  EXPECT_EQ(Vocabulary::byte_id('!', false), 0);
  EXPECT_EQ(Vocabulary::byte_id('a', false), 64);
  EXPECT_EQ(Vocabulary::byte_id('a', true), 320);
  EXPECT_EQ(Vocabulary::byte_id(0xFF, false), 187);
  EXPECT_EQ(Vocabulary::byte_id(0x00, false), 188);
  EXPECT_EQ(Vocabulary::byte_id(0xAD, true), 511);
}

TEST_F(VocabularyTest, NumbersMergesInTheirOrder) {
  REQUIRE_SHARED(path, "models/bpe_simple_vocab_16e6.txt.gz");
  const auto clip = read_vocabulary(path);
  const auto id = [](char byte, bool last) { return Vocabulary::byte_id(static_cast<std::uint8_t>(byte), last); };
  EXPECT_EQ(clip->merge(id('i', false), id('n', false)), kFirstMerge);
  EXPECT_EQ(clip->merge(id('t', false), id('h', false)), kFirstMerge + 1);
  EXPECT_EQ(clip->merge(id('!', true), id('n', false)), std::nullopt);
  EXPECT_EQ(kEndOfText, 49'407);
}

TEST_F(VocabularyTest, AMissingFileIsNamed) { EXPECT_THAT(refusal_of_file(missing()), HasSubstr("missing.gz")); }

TEST_F(VocabularyTest, ATruncatedGzipFileIsRefused) {
  const std::string whole = packed(text());
  for (const std::size_t size : {std::size_t{2}, std::size_t{10}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(refusal(whole.substr(0, size)), AllOf(HasSubstr("merges.txt.gz"), HasSubstr("damaged"))) << size;
  }
}

TEST_F(VocabularyTest, AGzipFileWithAWrongByteIsRefused) {
  std::string damaged = packed(text());
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x10);
  EXPECT_THAT(refusal(damaged), HasSubstr("is not CLIP's"));
}

TEST_F(VocabularyTest, WhatFollowsTheGzipDataIsRefused) {
  EXPECT_THAT(refusal(packed(text()) + "more"), HasSubstr("damaged"));
}

TEST_F(VocabularyTest, AGzipBombIsRefusedBeforeItIsUnpacked) {
  EXPECT_THAT(refusal(packed(std::string(std::size_t{64} << 20, 'a'))), HasSubstr("larger than 16 MiB"));
}

TEST_F(VocabularyTest, TooFewMergesAreRefused) {
  const std::string missing_last = text().substr(0, text().rfind('\n', text().size() - 2) + 1);
  EXPECT_THAT(refusal(missing_last), HasSubstr("it ends before line 48895"));
  EXPECT_THAT(refusal("#version: 0.2\n"), HasSubstr("it ends before line 2"));
}

TEST_F(VocabularyTest, WhatFollowsTheMergesIsIgnored) {
  EXPECT_EQ(refusal(text() + "something else\n"), "accepted");
  EXPECT_EQ(refusal(text().substr(0, text().size() - 1)), "accepted");
}

TEST_F(VocabularyTest, AnotherFirstLineIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("first line"));
  EXPECT_THAT(refusal(text().substr(text().find('\n') + 1)), HasSubstr("first line"));
}

TEST_F(VocabularyTest, LinesThatAreNoMergesAreRefused) {
  const std::string header = "#version: 0.2\n";
  EXPECT_THAT(refusal(header + "a b\nab\n"), HasSubstr("line 3 does not merge"));
  EXPECT_THAT(refusal(header + "a b c\n"), HasSubstr("line 2 does not merge"));
  EXPECT_THAT(refusal(header + "ab c\n"), HasSubstr("line 2 does not merge"));
  EXPECT_THAT(refusal(header + "\n"), HasSubstr("line 2 does not merge"));
}

TEST_F(VocabularyTest, ASymbolMadeTwiceIsRefused) {
  EXPECT_THAT(refusal("#version: 0.2\na b\nb c\na bc\nab c\n"), HasSubstr("line 5 repeats a symbol"));
}

TEST_F(VocabularyTest, TheErrorSaysWhichFileToUse) {
  EXPECT_THAT(refusal("nonsense"), HasSubstr("Use the file bpe_simple_vocab_16e6.txt.gz"));
}

TEST(GzipTest, AcceptsWhatJustFits) {
  const std::string text(5000, 'x');
  EXPECT_EQ(unpack_gzip(packed(text), 5000), text);
  EXPECT_EQ(unpack_gzip(packed(text), 4999), std::nullopt);
  EXPECT_EQ(unpack_gzip(packed(""), 0), "");
  EXPECT_EQ(unpack_gzip("", 10), std::nullopt);
}

}  // namespace
}  // namespace inference_exp::text
