#include "packages/package_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "packages/config_documents.hpp"
#include "packages/errors.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::packages {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::corruption;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A package folder of this test's own, removed at its end.
class PackageDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root()); }

  [[nodiscard]] fs::path root() const { return base_ / "package"; }
  [[nodiscard]] fs::path outside() const { return base_ / "outside"; }
  [[nodiscard]] PackageDirectory package() const { return PackageDirectory(root()); }

  static void write_to(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void write(const fs::path& handle, std::string_view text) const { write_to(root() / handle, text); }

 private:
  testing::TemporaryFolder base_;
};

TEST_F(PackageDirectoryTest, ReadsEveryDescription) {
  write("model_config.json", R"({"backend_type": "onnx"})");
  write("inference_config.json", testing::fullest_config().dump());
  write("class_names.txt", "cat\ndog\n");
  write("keypoints_metadata.json", R"([{"object_class_id": 0, "keypoints": {"0": "nose"}, "edges": []}])");

  EXPECT_EQ(package().root(), root());
  EXPECT_EQ(package().model_config().backend_type, "onnx");
  EXPECT_EQ(package().inference_config().network_input.training_input_size, (Size{640, 480}));
  EXPECT_THAT(package().class_names(), ElementsAre("cat", "dog"));
  EXPECT_THAT(package().skeletons().at(0).key_point_names, ElementsAre("nose"));
}

TEST_F(PackageDirectoryTest, EnvironmentJsonServesWhereThereIsNoInferenceConfig) {
  write(
      "environment.json",
      R"({"PREPROCESSING": "{\"resize\": {\"enabled\": true, \"width\": 1, \"height\": 2, \"format\": \"Stretch to\"}}"})");
  EXPECT_EQ(package().inference_config().network_input.training_input_size, (Size{1, 2}));

  write("inference_config.json", testing::fullest_config().dump());
  EXPECT_EQ(package().inference_config().network_input.training_input_size, (Size{640, 480}));
}

TEST_F(PackageDirectoryTest, OnlyAPackageWithInferenceConfigMustListEdges) {
  write("keypoints_metadata.json", R"([{"object_class_id": 0, "keypoints": {"0": "nose"}}])");
  EXPECT_NO_THROW((void)package().skeletons());
  write("inference_config.json", "{}");
  EXPECT_THAT(corruption([&] { (void)package().skeletons(); }), HasSubstr("[0].edges"));
}

TEST_F(PackageDirectoryTest, ErrorsNameTheFileByItsPath) {
  write("class_names.txt", "\n");
  EXPECT_THAT(corruption([&] { (void)package().class_names(); }), HasSubstr((root() / "class_names.txt").string()));
  write("model_config.json", "[]");
  EXPECT_THAT(corruption([&] { (void)package().model_config(); }), HasSubstr((root() / "model_config.json").string()));
}

TEST_F(PackageDirectoryTest, AMissingFileIsNamed) {
  EXPECT_THAT(corruption([&] { (void)package().require("weights.onnx"); }),
              AllOf(HasSubstr("weights.onnx"), HasSubstr(root().string())));
  EXPECT_THAT(corruption([&] { (void)package().class_names(); }), HasSubstr("class_names.txt"));
  EXPECT_THAT(corruption([&] { (void)package().inference_config(); }), HasSubstr("inference_config.json"));
  EXPECT_THAT(corruption([&] { (void)package().model_config(); }), HasSubstr("model_config.json"));
  EXPECT_THAT(corruption([&] { (void)package().skeletons(); }), HasSubstr("keypoints_metadata.json"));
}

TEST_F(PackageDirectoryTest, AnEmptyFileIsRefused) {
  write("weights.onnx", "");
  EXPECT_THAT(corruption([&] { (void)package().require("weights.onnx"); }),
              AllOf(HasSubstr("weights.onnx"), HasSubstr("empty")));
}

TEST_F(PackageDirectoryTest, AFolderIsNotAFile) {
  fs::create_directories(root() / "weights.onnx");
  EXPECT_THAT(corruption([&] { (void)package().require("weights.onnx"); }), HasSubstr("not a regular file"));
  EXPECT_TRUE(package().has("weights.onnx"));
}

TEST_F(PackageDirectoryTest, FilesMayLieInFoldersOfThePackage) {
  write("text_encoder/config.json", "{}");
  EXPECT_EQ(package().require("text_encoder/config.json"), root() / "text_encoder" / "config.json");
  EXPECT_TRUE(package().has("text_encoder/config.json"));
  EXPECT_FALSE(package().has("text_encoder/vocabulary.json"));
}

TEST_F(PackageDirectoryTest, AHandleThatLeavesThePackageIsRefusedEvenWhenTheFileExists) {
  write_to(outside() / "secret.txt", "secret");
  write("inside/file.txt", "text");
  using namespace std::string_view_literals;
  const std::string absolute = (outside() / "secret.txt").string();
  for (const std::string_view handle : {"../outside/secret.txt"sv, "inside/../../outside/secret.txt"sv, "inside/.."sv,
                                        ".."sv, std::string_view(absolute), ""sv, "inside/file.txt\0.png"sv}) {
    EXPECT_THAT(corruption([&] { (void)package().require(handle); }), HasSubstr("does not stay inside")) << handle;
    EXPECT_FALSE(package().has(handle)) << handle;
  }
}

TEST_F(PackageDirectoryTest, ALinkIntoASharedStoreIsFollowed) {
  write_to(outside() / "blob", "weights");
  fs::create_symlink(outside() / "blob", root() / "weights.onnx");
  EXPECT_EQ(package().require("weights.onnx"), root() / "weights.onnx");
}

TEST_F(PackageDirectoryTest, ALinkToNowhereIsAMissingFile) {
  fs::create_symlink(outside() / "gone", root() / "weights.onnx");
  EXPECT_FALSE(package().has("weights.onnx"));
  EXPECT_THAT(corruption([&] { (void)package().require("weights.onnx"); }), HasSubstr("weights.onnx"));
}

TEST_F(PackageDirectoryTest, ADescriptionOfUnreasonableSizeIsNotEvenRead) {
  write("class_names.txt", "");
  fs::resize_file(root() / "class_names.txt", std::uintmax_t{100} << 20);
  EXPECT_THAT(corruption([&] { (void)package().class_names(); }),
              AllOf(HasSubstr("class_names.txt"), HasSubstr("larger")));
}

TEST_F(PackageDirectoryTest, TheRootMustBeAFolder) {
  write("file", "text");
  EXPECT_THAT(corruption([&] { PackageDirectory(root() / "file"); }), HasSubstr("not a folder"));
  EXPECT_THAT(corruption([&] { PackageDirectory(root() / "nothing"); }), HasSubstr("not a folder"));
}

}  // namespace
}  // namespace inference_exp::packages
