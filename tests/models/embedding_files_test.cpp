// Embedding models from packages on this machine, through the front door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "backends/clip_package.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/errors.hpp"
#include "models/yolo_fixtures.hpp"
#include "support/temporary_folder.hpp"
#include "text/vocabularies.hpp"
#include "text/vocabulary.hpp"
#include "vocabulary.hpp"

namespace inference_exp {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::GreyImage;
using ::testing::HasSubstr;

class EmbeddingFiles : public ::testing::Test {
 protected:
  EmbeddingFiles() {
    testing::write_clip_package(package_);
    options_.hub.cache_home = folder_ / "home";
    options_.hub.offline = true;
  }
  void write(const std::string& name, const std::string& bytes) const { testing::write_file(package_ / name, bytes); }
  static void write_vocabulary(const fs::path& folder) {
    fs::create_directories(folder);
    testing::write_file(folder / kVocabularyFile, text::testing::random_vocabulary(1));
  }
  [[nodiscard]] std::unique_ptr<EmbeddingModel> load() const {
    return AutoModel::from_pretrained<EmbeddingModel>(package_.string(), options_);
  }

  testing::TemporaryFolder folder_;
  fs::path package_ = folder_ / "package";
  LoadOptions options_;
  std::vector<std::string> texts_{"!"};
};

TEST_F(EmbeddingFiles, APackageOfTwoGraphsEmbedsImagesAndTexts) {
  write_vocabulary(package_);
  const auto model = load();
  EXPECT_EQ(model->backend(), "onnx");
  EXPECT_EQ(model->architecture(), "clip");
  EXPECT_EQ(model->dimension(), 3U);
  const Embeddings image = model->embed_image(GreyImage({20, 10}, 255).view());
  ASSERT_EQ(image.count(), 1U);
  EXPECT_NEAR(image[0][0], (1 - 0.48145466) / 0.26862954, 1e-5);
  EXPECT_NEAR(image[0][1], (1 - 0.4578275) / 0.26130258, 1e-5);
  EXPECT_NEAR(image[0][2], (1 - 0.40821073) / 0.27577711, 1e-5);
  EXPECT_THAT(model->embed_text(texts_)[0],
              ElementsAre(text::kStartOfText, text::Vocabulary::byte_id('!', true), text::kEndOfText));
}

TEST_F(EmbeddingFiles, FindsTheVocabularyInTheCacheHome) {
  write_vocabulary(folder_ / "home");
  EXPECT_EQ(load()->embed_text(texts_).count(), 1U);
}

TEST_F(EmbeddingFiles, WithoutAVocabularyStillEmbedsImagesAndSaysWhereToPutIt) {
  const auto model = load();
  EXPECT_EQ(model->embed_image(GreyImage({8, 8}).view()).count(), 1U);
  try {
    (void)model->embed_text(texts_);
    FAIL();
  } catch (const MissingDependencyError& error) {
    EXPECT_THAT(error.hint(), AllOf(HasSubstr(kVocabularyFile), HasSubstr((folder_ / "home").string())));
  }
  write_vocabulary(package_);
  EXPECT_EQ(model->embed_text(texts_).count(), 1U) << "a failure is not remembered";
}

TEST_F(EmbeddingFiles, AVocabularyThatIsNoneIsRefused) {
  write(kVocabularyFile, "not this");
  EXPECT_THROW((void)load()->embed_text(texts_), CorruptedModelPackageError);
}

TEST_F(EmbeddingFiles, EachGraphMustBeThere) {
  fs::remove(package_ / "textual.onnx");
  try {
    (void)load();
    FAIL();
  } catch (const CorruptedModelPackageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("textual.onnx"));
  }
}

TEST_F(EmbeddingFiles, AnotherBackendThanTheFamilyHasIsRefused) {
  write("model_config.json", R"({"model_architecture": "clip", "task_type": "embedding", "backend_type": "trt"})");
  EXPECT_THROW((void)load(), ModelImplementationNotFoundError);
}

TEST_F(EmbeddingFiles, AreNotDetectors) {
  EXPECT_THROW((void)AutoModel::from_pretrained<ObjectDetectionModel>(package_.string(), options_),
               InvalidParameterError);
}

TEST_F(EmbeddingFiles, MayBeLimitedInTheirBatch) {
  options_.max_batch_size = 2;
  const auto model = load();
  EXPECT_EQ(model->max_batch_size(), 2);
  const GreyImage image({8, 8}, 255);
  const std::vector<ImageView> images(5, image.view());
  const Embeddings embeddings = model->embed_images(images);
  EXPECT_EQ(embeddings.count(), 5U);
  EXPECT_THAT(embeddings[4], ::testing::ElementsAreArray(embeddings[0]));
}

}  // namespace
}  // namespace inference_exp
