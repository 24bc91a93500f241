#include "hub/hashing.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "inference_exp/errors.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(Hashing, Md5OfKnownTexts) {
  Hasher hasher(HashKind::md5);
  EXPECT_EQ(hasher.finish(), "d41d8cd98f00b204e9800998ecf8427e");
  hasher.update(bytes_of("message "));
  hasher.update(bytes_of("digest"));
  EXPECT_EQ(hasher.finish(), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Hashing, Sha256OfKnownTexts) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hashing, ARunningHashCanBeMoved) {
  Hasher first(HashKind::sha256);
  first.update(bytes_of("ab"));
  Hasher second = std::move(first);
  second.update(bytes_of("c"));
  EXPECT_EQ(second.finish(), sha256_hex("abc"));
}

TEST(Hashing, Blake2sOfModelIdsInEachLength) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"yolov8n-640", "ffad3227d1df3583031ee7f376943972"},      {"rfdetr-base", "9144380ec328d468cb3e3a1efed52116"},
      {"clip/ViT-B-16", "209529c29627a4a379adf65002940e2a"},    {"coco/3", "df70e86e24a65bd703ee4386bda0d550"},
      {"my ws/__proj__/2", "fb28f68cce00cf75af7109101cdf3420"},
  };
  for (const auto& [id, digest] : vectors) EXPECT_EQ(blake2s_hex(id, 16), digest) << id;
  EXPECT_EQ(blake2s_hex("yolov8n-640", 4), "7655c79a");
  EXPECT_EQ(blake2s_hex("abc", 32), "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
  EXPECT_EQ(blake2s_hex("", 32), "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
}

TEST(Hashing, Blake2sHasNoOtherLengths) {
  EXPECT_THROW((void)blake2s_hex("abc", 0), InvalidParameterError);
  EXPECT_THROW((void)blake2s_hex("abc", 33), InvalidParameterError);
}

TEST(Hashing, FileInOneReading) {
  const testing::TemporaryFolder folder;
  const std::string text(3'000'001, 'x');
  std::ofstream(folder / "file", std::ios::binary) << text;

  const FileHashes hashes = hash_file(folder / "file");
  EXPECT_EQ(hashes.bytes, text.size());
  EXPECT_EQ(hashes.sha256, sha256_hex(text));
  Hasher md5(HashKind::md5);
  md5.update(bytes_of(text));
  EXPECT_EQ(hashes.md5, md5.finish());
}

TEST(Hashing, AFileThatCannotBeReadIsNamed) {
  try {
    (void)hash_file("/nonexistent/file");
    FAIL() << "no error";
  } catch (const ModelCacheError& error) {
    EXPECT_NE(error.message().find("/nonexistent/file"), std::string::npos);
  }
  EXPECT_THROW((void)hash_file(::testing::TempDir()), ModelCacheError) << "a folder";
}

TEST(Hashing, RecognisesDigests) {
  EXPECT_TRUE(is_hex_digest("d41d8cd98f00b204e9800998ecf8427e", HashKind::md5));
  EXPECT_TRUE(is_hex_digest(sha256_hex(""), HashKind::sha256));
  EXPECT_FALSE(is_hex_digest("d41d8cd98f00b204e9800998ecf8427e", HashKind::sha256));
  EXPECT_FALSE(is_hex_digest("D41D8CD98F00B204E9800998ECF8427E", HashKind::md5)) << "upper case";
  EXPECT_FALSE(is_hex_digest("d41d8cd98f00b204e9800998ecf8427g", HashKind::md5));
  EXPECT_FALSE(is_hex_digest("", HashKind::md5));
}

}  // namespace
}  // namespace inference_exp::hub
