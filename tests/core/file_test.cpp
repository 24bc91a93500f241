#include "core/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "inference_exp/errors.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path write(std::string_view text) const {
    const fs::path path = folder_ / "file.txt";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }

  static std::string refusal(const fs::path& path, std::size_t max_size = kMaxTextFileSize) {
    try {
      (void)read_text_file(path, max_size);
    } catch (const CorruptedModelPackageError& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(FileTest, ComesWholeAndUnchanged) {
  const std::string text("a\r\nb\0c\n", 7);
  EXPECT_EQ(read_text_file(write(text)), text);
}

TEST_F(FileTest, MayBeEmpty) { EXPECT_EQ(read_text_file(write("")), ""); }

TEST_F(FileTest, MayBeAsLargeAsTheLimit) {
  const fs::path path = write("12345");
  EXPECT_EQ(read_text_file(path, 5), "12345");
  EXPECT_THAT(refusal(path, 4), AllOf(HasSubstr(path.string()), HasSubstr("larger than the 4 bytes")));
}

TEST_F(FileTest, AMissingFileIsNamed) {
  EXPECT_THAT(refusal(folder() / "gone.txt"), AllOf(HasSubstr("gone.txt"), HasSubstr("missing")));
}

TEST_F(FileTest, AFolderIsNotAFile) { EXPECT_THAT(refusal(folder()), HasSubstr("not a regular file")); }

TEST_F(FileTest, ADeviceIsNotAFile) { EXPECT_THAT(refusal("/dev/zero"), HasSubstr("not a regular file")); }

}  // namespace
}  // namespace inference_exp
