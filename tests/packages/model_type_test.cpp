#include <gmock/gmock.h>

#include <fstream>

#include "packages/errors.hpp"
#include "packages/package_directory.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::packages {
namespace {

using ::testing::AllOf;
using testing::corruption;
using ::testing::HasSubstr;

std::string parse(std::string_view text) { return parse_model_type(text, "model_type.json"); }

TEST(ModelType, OfBothGenerationsOfPackages) {
  EXPECT_EQ(parse(R"({"model_type": "rfdetr-nano"})"), "rfdetr-nano");
  EXPECT_EQ(parse(R"({"project_task_type": "object-detection", "model_type": "rfdetr-base"})"), "rfdetr-base");
}

TEST(ModelType, OfAPerceptionEncoderIsItsVisionEncoder) {
  EXPECT_EQ(parse_vision_encoder(R"({"vision_encoder_config": "PE-Core-B16-224"})", "config.json"), "PE-Core-B16-224");
  EXPECT_THAT(corruption([] { (void)parse_vision_encoder(R"({"model_type": "x"})", "config.json"); }),
              AllOf(HasSubstr("config.json"), HasSubstr("vision_encoder_config")));
}

TEST(ModelType, MustBeATextThatSaysSomething) {
  for (const char* text : {"{}", R"({"model_type": 3})", R"({"model_type": null})", R"({"model_type": ""})"}) {
    EXPECT_THAT(corruption([&] { (void)parse(text); }), AllOf(HasSubstr("model_type.json"), HasSubstr("model_type")));
  }
  EXPECT_THAT(corruption([] { (void)parse("rfdetr-base"); }), HasSubstr("model_type.json"));
}

TEST(ModelType, IsReadFromThePackage) {
  const testing::TemporaryFolder folder;
  const PackageDirectory package(folder.path());
  EXPECT_THAT(corruption([&] { (void)package.model_type(); }), HasSubstr("model_type.json"));
  std::ofstream(folder / "model_type.json") << R"({"model_type": "rfdetr-large"})";
  EXPECT_EQ(package.model_type(), "rfdetr-large");
}

}  // namespace
}  // namespace inference_exp::packages
