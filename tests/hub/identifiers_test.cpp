#include "hub/identifiers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

struct NamedModel {
  std::string id;
  std::string folder;
};

class ModelFolderNames : public ::testing::TestWithParam<NamedModel> {};

TEST_P(ModelFolderNames, AreASlugAndAHash) { EXPECT_EQ(model_folder_name(GetParam().id), GetParam().folder); }

// The table of loading.md, section 5.2.
INSTANTIATE_TEST_SUITE_P(
    Table, ModelFolderNames,
    ::testing::Values(NamedModel{"yolov8n-640", "v2-yolov8n-640-ffad3227d1df3583031ee7f376943972"},
                      NamedModel{"rfdetr-base", "v2-rfdetr-base-9144380ec328d468cb3e3a1efed52116"},
                      NamedModel{"clip/ViT-B-16", "v2-clip-ViT-B-16-209529c29627a4a379adf65002940e2a"},
                      NamedModel{"coco/3", "v2-coco-3-df70e86e24a65bd703ee4386bda0d550"},
                      NamedModel{"my ws/__proj__/2", "v2-my-ws-proj-2-fb28f68cce00cf75af7109101cdf3420"},
                      NamedModel{"///", "v2---373843e075f1dfee4898ffe1beabd836"}));

TEST(Slugs, KeepWhatEveryFileSystemTakes) {
  EXPECT_EQ(slug_of("a_b-c9"), "a_b-c9");
  EXPECT_EQ(slug_of("a__b"), "a-b");
  EXPECT_EQ(slug_of("../../etc/passwd"), "-etc-passwd");
  EXPECT_EQ(slug_of("mod\u00e8le"), "mod-le");
  EXPECT_EQ(slug_of(""), "special-char-only-model-id");
  EXPECT_EQ(slug_of(std::string(100, 'x')), std::string(48, 'x'));
}

TEST(ModelIds, AreALineOfText) {
  EXPECT_NO_THROW(check_model_id("workspace/project/1"));
  EXPECT_NO_THROW(check_model_id("mod\u00e8le"));
  for (const char* id : {"", "  ", "a\nb", "\xff\xfe"}) EXPECT_THROW(check_model_id(id), InvalidParameterError) << id;
}

TEST(PackageIds, AreLettersAndDigits) {
  EXPECT_NO_THROW(check_package_id("0a1b2c3d4e5f60718293a4b5c6d7e8f9"));
  EXPECT_NO_THROW(check_package_id("console"));
  EXPECT_NO_THROW(check_package_id(std::string(255, 'a')));
  for (const std::string& id :
       {std::string(), std::string(".."), std::string("a/b"), std::string("a-b"), std::string("/etc"),
        std::string("a\0b", 3), std::string("CON"), std::string("nul"), std::string("Lpt9"), std::string(256, 'a')}) {
    EXPECT_THROW(check_package_id(id), InsecureModelIdentifierError) << id;
  }
}

std::vector<PackageFile> files(const std::vector<std::string>& handles) {
  std::vector<PackageFile> result;
  for (const std::string& handle : handles) result.push_back({handle, "https://x.test/f", std::nullopt});
  return result;
}

TEST(FileHandles, MayBeNested) {
  EXPECT_NO_THROW(check_package_files("p", files({"weights.onnx", "text_encoder/config.json", "text_encoder/v1/a_b",
                                                  "class_names.txt", "sub/model_config.json", ".hidden"})));
}

class BadFileHandles : public ::testing::TestWithParam<std::string> {};

TEST_P(BadFileHandles, AreRefused) {
  EXPECT_THROW(check_package_files("p", files({"weights.onnx", GetParam()})), CorruptedModelPackageError);
}

INSTANTIATE_TEST_SUITE_P(All, BadFileHandles,
                         ::testing::Values("", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "a\\b",
                                           "c:", "a b", "na\u00efve", "weights.", "sub./x", "CON", "con.txt",
                                           "sub/aux.tar.gz", "Com1", ".x.lock", "sub/.weights.lock", ".weights.part",
                                           ".weights.part.json", ".weights.0.tmp", "model_config.json",
                                           "Model_Config.JSON", "model_config.json/x", "model_dependencies/x",
                                           "dependencies", std::string(256, 'a'), std::string("a\0b", 3)));

TEST(FileHandles, DoNotClash) {
  EXPECT_THROW(check_package_files("p", files({"a.txt", "a.txt"})), CorruptedModelPackageError);
  EXPECT_THROW(check_package_files("p", files({"a.txt", "A.TXT"})), CorruptedModelPackageError);
  EXPECT_THROW(check_package_files("p", files({"a", "a/b"})), CorruptedModelPackageError);
  EXPECT_THROW(check_package_files("p", files({"A/b/c", "a/B"})), CorruptedModelPackageError);
  EXPECT_NO_THROW(check_package_files("p", files({"a.b", "a/b", "ab"})));
}

TEST(FileHashes, Are32LowerCaseHexDigits) {
  const auto with_md5 = [](std::string md5) {
    return std::vector<PackageFile>{{"a", "https://x.test", std::move(md5)}};
  };
  EXPECT_NO_THROW(check_package_files("p", with_md5("d41d8cd98f00b204e9800998ecf8427e")));
  for (const char* md5 : {"", "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427", "../../x",
                          "g41d8cd98f00b204e9800998ecf8427e"}) {
    EXPECT_THROW(check_package_files("p", with_md5(md5)), CorruptedModelPackageError) << md5;
  }
}

TEST(FileHandles, AreNamedInTheError) {
  try {
    check_package_files("pkg7", files({"../evil"}));
    FAIL() << "no error";
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_NE(error.message().find("pkg7"), std::string::npos);
    EXPECT_NE(error.message().find("../evil"), std::string::npos);
    EXPECT_FALSE(error.hint().empty());
  }
}

}  // namespace
}  // namespace inference_exp::hub
